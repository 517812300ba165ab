"""The invocation of a Python program: its command line, and the directory that it was started in."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

from reloader.errors import ReloaderError
from reloader.invocation import current_invocation, invocation_from, script_index


@pytest.mark.parametrize(
    ("words", "script"),
    [
        ("app.py", "app.py"),
        ("-u app.py -c x", "app.py"),
        ("-X utf8 app.py", "app.py"),
        ("-Xutf8 app.py", "app.py"),
        ("-uWX app.py", "app.py"),
        ("-W error -X dev -OO app.py", "app.py"),
        ("-WX -Bs app.py", "app.py"),
        ("--check-hash-based-pycs never app.py", "app.py"),
        ("-- -c.py", "-c.py"),
        ("-m package", None),
        ("-Bm package", None),
        ("-X utf8 -mpackage -c", None),
    ],
)
def test_the_script_is_found_after_the_options(words: str, script: str | None) -> None:
    line = ["python", *words.split()]
    at = script_index(line)
    assert (None if at is None else line[at]) == script


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("-c pass", "a program that was given by -c"),
        ("-Bcpass app.py", "a program that was given by -c"),
        ("-i app.py", "an interactive session"),
        ("", "a program that was read from standard input"),
        ("-u", "a program that was read from standard input"),
        ("-X utf8 - x", "a program that was read from standard input"),
        ("-X", "a program that was read from standard input"),
    ],
)
def test_a_program_that_is_not_in_a_file_cannot_be_started_again(words: str, what: str) -> None:
    with pytest.raises(ReloaderError, match=f"^{what} cannot be started again"):
        script_index(["python", *words.split()])


def path(text: str) -> str:
    return os.path.abspath(text.replace("/", os.sep))


@pytest.mark.parametrize(
    ("script", "main", "here", "directory"),
    [
        ("app.py", "/proj/app.py", "/proj", "/proj"),
        ("app.py", "/proj/app.py", "/proj/below", "/proj"),
        ("app.py", "/proj/app.py", "/elsewhere", "/proj"),
        ("src/app.py", "/proj/src/app.py", "/proj/src", "/proj"),
        ("src", "/proj/src/__main__.py", "/proj", "/proj"),
        ("src", "/proj/src/__main__.py", "/elsewhere", "/proj"),
        ("../app.py", "/app.py", "/proj", "/proj"),
    ],
)
def test_a_relative_script_shows_where_the_program_was_started(
    script: str, main: str, here: str, directory: str
) -> None:
    words = ["python", script.replace("/", os.sep), "x"]
    found = invocation_from(words, path(main), path(here))
    assert (found.argv, found.directory) == (tuple(words), path(directory))


def test_a_script_in_a_parent_directory_gets_its_full_path_after_a_chdir() -> None:
    found = invocation_from(["python", os.path.join("..", "app.py"), "x"], path("/one/app.py"), path("/other/place"))
    assert (found.argv, found.directory) == (("python", path("/one/app.py"), "x"), path("/other/place"))


def test_an_absolute_script_and_a_module_start_where_the_program_is() -> None:
    for words in (["python", path("/proj/app.py")], ["python", "-m", "package"]):
        found = invocation_from(words, path("/proj/app.py"), path("/here"))
        assert (found.argv, found.directory) == (tuple(words), path("/here"))


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "argv", ["app", "one"])
    assert current_invocation().argv == (sys.executable, "one")


def test_an_interpreter_without_a_file_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ReloaderError, match="start it with python"):
        current_invocation()


def of_main(monkeypatch: pytest.MonkeyPatch, argv: list[str], **facts: object) -> tuple[str, ...]:
    """The arguments of a program of which the interpreter knows these facts only."""
    main = ModuleType("__main__")
    main.__dict__.update(facts)
    monkeypatch.setattr(sys, "orig_argv", [])
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setitem(sys.modules, "__main__", main)
    return current_invocation().argv[1:]


def test_without_the_original_arguments_the_invocation_is_reconstructed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    spec = SimpleNamespace(name="package.__main__")
    assert of_main(monkeypatch, ["ignored", "x"], __spec__=spec) == ("-m", "package", "x")
    assert of_main(monkeypatch, ["script.py", "x"], __spec__=None) == ("script.py", "x")
    launcher = f"{tmp_path}{os.sep}app"
    with open(launcher + ".exe", "w", encoding="utf-8"):
        assert of_main(monkeypatch, [launcher, "x"], __spec__=None) == (launcher + ".exe", "x")
