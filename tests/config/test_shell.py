from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.config.shell import Shell, argv_of, split_command

CMD = r"C:\Windows\system32\cmd.exe"


def test_on_posix_a_text_is_split_as_a_shell_would() -> None:
    assert split_command(r"""python 'my app.py' "a b" c\ d # no comment""", "linux") == [
        "python", "my app.py", "a b", "c d", "#", "no", "comment",
    ]  # fmt: skip


def test_on_windows_backslashes_are_kept_and_only_the_double_quote_quotes() -> None:
    assert split_command(r'"C:\Program Files\x.exe" it\'s a\b "" # c', "win32") == [
        r"C:\Program Files\x.exe", r"it\'s", r"a\b", "", "#", "c",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "platform"), [("a 'b", "linux"), ("a \\", "darwin"), ('a "b', "win32")])
def test_an_open_quotation_is_an_error(text: str, platform: str) -> None:
    with pytest.raises(ValueError, match="No"):
        split_command(text, platform)


@given(st.lists(st.text()))
def test_the_words_of_any_command_are_read_as_a_shell_would(words: list[str]) -> None:
    assert split_command(shlex.join(words), "linux") == words


@pytest.mark.parametrize(
    ("command", "shell", "platform", "argv"),
    [
        ("a 'b c'", False, "linux", ("a", "b c")),
        (("a", "b c"), False, "linux", ("a", "b c")),
        ("a && b", True, "linux", ("/bin/sh", "-c", "a && b")),
        ("a && b", True, "darwin", ("/bin/sh", "-c", "a && b")),
        ("a && b", True, "win32", (CMD, "/d", "/s", "/c", "a && b")),
        ("a && b", "bash", "linux", ("bash", "-c", "a && b")),
        ("a && b", ("bash", "-lc"), "linux", ("bash", "-lc", "a && b")),
        ("a & b", "cmd", "win32", ("cmd", "/d", "/s", "/c", "a & b")),
        ("a; b", r"C:\Shells\pwsh.EXE", "win32", (r"C:\Shells\pwsh.EXE", "-Command", "a; b")),
        ("a; b", "powershell", "win32", ("powershell", "-Command", "a; b")),
        (("a && b",), True, "linux", ("/bin/sh", "-c", "a && b")),
        (("a", "b c"), True, "linux", ("/bin/sh", "-c", "a 'b c'")),
        (("a", "b c"), True, "win32", (CMD, "/d", "/s", "/c", 'a "b c"')),
    ],
)  # fmt: skip
def test_a_shell_is_given_the_command_as_one_argument(
    command: str | tuple[str, ...], shell: Shell, platform: str, argv: tuple[str, ...]
) -> None:
    assert argv_of(command, shell, platform, CMD) == argv
