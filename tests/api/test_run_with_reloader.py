"""Programs that call ``run_with_reloader`` are started for real, edited, broken and repaired."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reloader.config.options import KEYS
from tests.api.scripts import Program, app, settings
from tests.support.assertions.eventually import eventually
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import ROOT
from tests.support.programs.processes import is_running, reaping_orphans
from tests.support.programs.projects import save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import environment_of_program


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        save(directory / name, text)


def test_the_program_follows_the_edits_of_its_modules_and_of_itself(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": app(), "settings.py": settings("first"), "other.py": ""})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "other.py", "never_imported = 1\n")
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        save(tmp_path / "app.py", app().replace("content:", "again:"))
        program.wait_for_line("again: second")
        assert program.runs == [1, 2, 3]
        changed = {change["path"] for one in program.all_of("changed") for change in one["batch"]}
        assert changed == {str(tmp_path / "settings.py"), str(tmp_path / "app.py")}


def test_the_parent_imports_but_never_runs_main(tmp_path: Path) -> None:
    source = app().replace("    print", '    open("who", "a").write(str(__import__("os").getpid()) + "\\n")\n    print')
    write(tmp_path, {"app.py": source, "settings.py": settings("first")})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        ran_in = [int(pid) for pid in (tmp_path / "who").read_text().split()]
        assert ran_in == [one["pid"] for one in program.all_of("launched")]
        assert program.pid not in ran_in


@linux_only
def test_the_child_exits_soon_after_a_parent_with_threads_is_killed(tmp_path: Path) -> None:
    threads = "import signal, threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    stubborn = app().replace("def main():\n", "def main():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
    write(tmp_path, {"app.py": threads + stubborn, "settings.py": settings("first")})
    with reaping_orphans(), Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        child = program.wait_for("launched")["pid"]
        program.process.kill()
        program.process.wait()
        eventually(lambda: not is_running(child), within=2.0, what="the child is gone")


def test_main_runs_on_the_main_thread_of_a_process_that_knows_what_it_is(tmp_path: Path) -> None:
    source = """\
import threading
import reloader
who = "child" if reloader.is_running_from_reloader() else "parent"
print("imported by the", who, flush=True)
def main():
    print(threading.current_thread() is threading.main_thread(), reloader.is_running_from_reloader(), flush=True)
reloader.run_with_reloader(main, json=True)
"""
    write(tmp_path, {"app.py": source})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        assert program.wait_for_exit() == 0
        assert program.lines == ["imported by the parent", "imported by the child", "True True"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("sys.exit(7)", 7),
        ("return 5", 5),
        ("return None", 0),
        ("return 'text'", 0),
        ("return True", 1),
        ("sys.exit()", 0),
    ],
)
def test_what_main_returns_or_exits_with_is_the_exit_code(tmp_path: Path, body: str, code: int) -> None:
    source = (
        f"import reloader, sys\ndef main():\n    {body}\nreloader.run_with_reloader(main, json=True)\nprint('after')\n"
    )
    write(tmp_path, {"app.py": source})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        assert program.wait_for_exit() == code
        assert program.lines == []
        assert program.runs == [1]


def test_an_exception_even_of_the_first_run_waits_for_its_repair(tmp_path: Path) -> None:
    broken = settings("x") + "def check():\n    raise ValueError('not yet')\n"
    source = app().replace("def main():", "def main():\n    settings.check()")
    write(tmp_path, {"app.py": source, "settings.py": broken})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for("ended", run=1, stopped=False)
        program.wait_for("waiting_for_change")
        program.wait_for_remark("ValueError: not yet")
        save(tmp_path / "settings.py", broken.replace("raise ValueError('not yet')", "pass"))
        program.wait_for_line("content: x")
        assert program.is_running


def test_a_module_that_does_not_compile_leaves_the_child_alone(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": app(), "settings.py": settings("first")})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "settings.py", "VALUE = (\n")
        assert program.wait_for("syntax_error")["run"] == 1
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        assert program.runs == [1, 2]


@pytest.mark.parametrize("fault", ["VALUE = (\n", "import nowhere_to_be_found\n"])
def test_a_module_that_cannot_be_imported_leaves_a_parent_that_waits(tmp_path: Path, fault: str) -> None:
    write(tmp_path, {"app.py": app("check='off'"), "settings.py": settings("first")})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "settings.py", fault)
        program.wait_for("waiting_for_change")
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        assert program.runs == [1, 2, 3]


def test_extra_files_are_watched_even_before_they_exist(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    project = tmp_path / "project"
    extra = "extra_files=['data.txt', __import__('pathlib').Path('../outside/later.txt')]"
    write(project, {"app.py": app(extra), "settings.py": settings("x"), "data.txt": "1"})
    with Program(sys.executable, "app.py", cwd=project) as program:
        program.wait_for_line("content: x")
        save(project / "data.txt", "2")
        program.wait_for_line("content: x")
        save(tmp_path / "outside" / "later.txt", "there")
        program.wait_for_line("content: x")
        assert program.runs == [1, 2, 3]


def test_what_ignore_names_is_not_watched_even_where_it_is_imported(tmp_path: Path) -> None:
    source = "import generated.code, versions\n" + app("ignore=['generated/', 'versions.py']")
    write(tmp_path, {"app.py": source, "settings.py": settings("first"), "generated/code.py": "", "versions.py": ""})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "generated" / "code.py", "new = 1\n")
        save(tmp_path / "versions.py", "new = 1\n")
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        assert program.runs == [1, 2]


def test_watch_takes_patterns_in_place_of_the_imports(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": app("watch=['*.txt']"), "settings.py": settings("x"), "data.txt": "1"})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: x")
        save(tmp_path / "data.txt", "2")
        program.wait_for_line("content: x")
        assert program.runs == [1, 2]


def test_an_argument_wins_over_a_variable_which_wins_over_a_default(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": app("backend='stat'"), "settings.py": settings("x"), "reloader.toml": "nonsense"})
    environment = {"RELOADER_BACKEND": "watchdog", "RELOADER_EXTRA_FILES": "data.txt", "RELOADER_COMMAND": "nothing"}
    with Program(sys.executable, "app.py", cwd=tmp_path, environment=environment) as program:
        program.wait_for_line("content: x")
        assert program.wait_for("watching")["backend"] == "stat"
        save(tmp_path / "data.txt", "1")
        program.wait_for_line("content: x")
        assert program.runs == [1, 2]


#: Tells by what it was started and in what surroundings.
FACTS = """\
import json, os, sys
import reloader
import settings
os.environ["SET_BEFORE"] = os.environ.get("SET_BEFORE", "")
def main():
    umask = os.umask(0)
    os.umask(umask)
    own = ("RELOADER_RUN", "RELOADER_AGENT", "RELOADER_REASON")  # of each run another
    facts = {
        "argv": sys.argv, "orig_argv": sys.orig_argv, "executable": sys.executable, "cwd": os.getcwd(), "umask": umask,
        "path": sys.path, "environ": {name: value for name, value in os.environ.items() if name not in own},
        "xoptions": sys._xoptions, "warnoptions": sys.warnoptions, "name": __name__,
    }
    print("facts:", json.dumps(facts), flush=True)
    sys.stdin.read()
def start():
    os.umask(0o027)
    reloader.run_with_reloader(main, json=True, interval=0.1)
if __name__ == "__main__":
    start()
"""
CONSOLE_SCRIPT = """\
import sys
sys.path.insert(0, PATH)
from package.__main__ import start
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit(start())
"""


@pytest.mark.parametrize(
    "words",
    [
        ["app.py", "one", "--two", "th ree", ""],
        ["./package/../app.py"],
        ["ABSOLUTE/app.py", "-m", "x"],
        ["-m", "package", "-c", "argument"],
        ["-mpackage"],
        ["-m", "package.__main__"],
        ["-X", "utf8", "-W", "error::ResourceWarning", "-B", "app.py"],
        ["-Xutf8", "-Wignore", "-uB", "-m", "package", "x"],
        ["--check-hash-based-pycs", "always", "app.py"],
        ["--", "app.py"],
        ["package", "argument"],
        ["scripts/console-script", "argument"],
    ],
    ids=" ".join,
)
def test_the_program_is_started_each_time_exactly_as_it_was(tmp_path: Path, words: list[str]) -> None:
    write(tmp_path, {
        "app.py": FACTS,
        "package/__init__.py": "",
        "package/__main__.py": FACTS,
        "package/settings.py": settings("1"),
        "settings.py": settings("1"),
        "scripts/console-script": CONSOLE_SCRIPT.replace("PATH", repr(str(tmp_path))),
    })  # fmt: skip
    words = [word.replace("ABSOLUTE", str(tmp_path)) for word in words]
    environment = {"ODD": "a=b\tc\u00e9", "EMPTY": ""}
    with Program(sys.executable, *words, cwd=tmp_path, environment=environment) as program:
        found = [json.loads(program.wait_for_line("facts:").partition(" ")[2])]
        for value in ("2", "3"):
            save(tmp_path / "settings.py", settings(value))
            save(tmp_path / "package" / "settings.py", settings(value))
            found.append(json.loads(program.wait_for_line("facts:").partition(" ")[2]))
        assert found[0] == found[1] == found[2]
        assert found[0]["orig_argv"][1:] == words
        assert (found[0]["cwd"], found[0]["umask"]) == (str(tmp_path), 0o027)
        given = {name: found[0]["environ"][name] for name in environment}
        assert given == environment


def test_a_program_that_has_changed_its_directory_is_started_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    write(tmp_path, {"src/app.py": "import os\nos.chdir('below')\n" + FACTS, "src/settings.py": settings("1")})
    with Program(sys.executable, "src/app.py", cwd=tmp_path) as program:
        facts = json.loads(program.wait_for_line("facts:").partition(" ")[2])
        assert (facts["argv"], facts["cwd"]) == (["src/app.py"], str(tmp_path / "below"))


def test_a_zip_file_with_a_program_is_started_as_it_was(tmp_path: Path) -> None:
    import zipapp

    write(tmp_path / "source", {"__main__.py": FACTS, "settings.py": settings("1")})
    zipapp.create_archive(tmp_path / "source", tmp_path / "app.pyz")
    with Program(sys.executable, "app.pyz", "x", cwd=tmp_path) as program:
        assert json.loads(program.wait_for_line("facts:").partition(" ")[2])["argv"] == ["app.pyz", "x"]
        save(tmp_path / "source" / "settings.py", settings("2"))
        zipapp.create_archive(tmp_path / "source", tmp_path / "other.pyz")
        (tmp_path / "other.pyz").replace(tmp_path / "app.pyz")
        program.wait_for_line("facts:")
        assert program.runs == [1, 2]


def error_of(*arguments: str, cwd: Path, text: str = "") -> str:
    """The error of a program that was not started again."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment_of_program(), input=text, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


CALL = "import reloader; reloader.run_with_reloader(lambda: print('main'))"


def test_a_program_that_cannot_be_started_again_gets_a_remedy(tmp_path: Path) -> None:
    save(tmp_path / "app.py", CALL)
    start = "reloader.errors.ReloaderError: "
    again = "cannot be started again by run_with_reloader(): "
    assert error_of("-c", CALL, cwd=tmp_path) == f"{start}a program that was given by -c {again}write it into a file"
    for arguments in ([], ["-"]):
        line = error_of(*arguments, cwd=tmp_path, text=CALL)
        assert line == f"{start}a program that was read from standard input {again}write it into a file"
    save(tmp_path / "typed.py", f"import sys\nsys.ps1 = '>>> '\n{CALL}")
    assert error_of("typed.py", cwd=tmp_path) == f"{start}an interactive session {again}write the program into a file"
    save(tmp_path / "thread.py", f"import threading\ndef call():\n    {CALL}\nthread = threading.Thread(target=call)\n")
    save(
        tmp_path / "app.py",
        "import thread, threading\n"
        "threading.excepthook = lambda failed: print(failed.exc_value, file=__import__('sys').stderr)\n"
        "thread.thread.start()\nthread.thread.join()\nraise SystemExit(1)\n",
    )
    assert error_of("app.py", cwd=tmp_path) == (
        "run_with_reloader() was called on another thread: call it on the main thread, the only one that gets signals"
    )


def test_invalid_arguments_are_reported_with_the_name_of_the_call(tmp_path: Path) -> None:
    save(tmp_path / "app.py", "import reloader\nreloader.run_with_reloader(print, interval=0, backend='x')\n")
    command = [sys.executable, "app.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment_of_program(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "run_with_reloader(): interval: 0 is not allowed: write more than 0" in done.stderr
    assert 'run_with_reloader(): backend: "x" is not one of auto, stat, watchdog, watchman' in done.stderr


def test_a_program_in_the_home_directory_is_watched_by_its_imports(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": app(), "settings.py": settings("first"), "unrelated/other.py": ""})
    environment = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    with Program(sys.executable, "app.py", cwd=tmp_path, environment=environment) as program:
        program.wait_for_line("content: first")
        assert program.wait_for("watching")["roots"] == []
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")


def test_below_another_reloader_the_program_is_its_child(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": app(), "settings.py": settings("first")})
    with Program(sys.executable, "-m", "reloader", "--json", "--", sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_line("content: first")
        save(tmp_path / "settings.py", settings("second"))
        program.wait_for_line("content: second")
        assert program.runs == [1, 2]


def test_the_import_brings_nothing_heavy_and_neither_does_the_child(tmp_path: Path) -> None:
    source = """\
import sys
before = set(sys.modules)
def heavy():
    every = "pydantic watchdog tomli argparse asyncio subprocess typing dataclasses reloader.engine reloader.config"
    return sorted(set(every.split()) & set(sys.modules) - before)
import reloader
print("package:", heavy(), flush=True)
reloader.run_with_reloader
print("library:", heavy(), flush=True)
reloader.run_with_reloader(lambda: print("main:", heavy(), flush=True), json=True)
"""
    write(tmp_path, {"app.py": source})
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        program.wait_for_exit()
    assert program.lines == [*["package: []", "library: []"] * 2, "main: []"]


def test_what_the_library_has_is_what_it_names() -> None:
    import reloader

    assert [name for name in reloader.__all__ if getattr(reloader, name, None) is None] == []
    with pytest.raises(AttributeError, match="module 'reloader' has no attribute 'run_with_reloadr'"):
        _ = reloader.run_with_reloadr  # type: ignore[attr-defined]


def test_the_defaults_of_the_call_are_those_of_the_keys() -> None:
    import reloader

    of_the_call = inspect.signature(reloader.run_with_reloader).parameters
    shared = {name: parameter.default for name, parameter in of_the_call.items() if name in KEYS}
    assert shared == {name: KEYS[name].default for name in shared}
    assert len(shared) == 14


def test_the_example_of_the_guide_does_what_it_says(tmp_path: Path) -> None:
    text = (ROOT / "docs/guides/python.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?run_with_reloader.*?)```", text, re.DOTALL)
    port = free_port()
    save(tmp_path / "app.py", example.replace("8000", str(port)))
    with Program(sys.executable, "app.py", cwd=tmp_path) as program:
        wait_for_page(port, "Hello world!")
        save(tmp_path / "settings.toml", "new = true\n")
        program.wait_for_remark("restarting")
        wait_for_page(port, "Hello world!")
