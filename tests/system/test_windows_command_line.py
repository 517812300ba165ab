"""How a command becomes a file and a line of text on Windows. Pure, and so tested everywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.interfaces import ChildNotLaunched
from reloader.system.windows.command_line import CommandLine, command_line, find_program

CMD = r"C:\Windows\System32\cmd.exe"
HERE = r"C:\work"
ENVIRONMENT = {"Path": r"C:\bin;tools;C:\more", "PathExt": ".COM;.EXE;.BAT"}

line_breaks = st.sampled_from("\r\n")
texts = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]))
hostile = st.text(st.sampled_from('"\\%&|<>^!()=;, ab'))


def found(name: str, *files: str, environment: dict[str, str] | None = None) -> str | ChildNotLaunched:
    present = {file.lower() for file in files}
    return find_program(name, HERE, environment or ENVIRONMENT, lambda path: path.lower() in present)


def line(*argv: str, program: str) -> CommandLine | ChildNotLaunched:
    return command_line(argv, HERE, ENVIRONMENT, CMD, lambda path: path.lower() == program.lower())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("python", r"C:\bin\python.exe"),
        ("PYTHON.EXE", r"C:\bin\python.exe"),
        ("python3.11", r"C:\bin\python3.11.exe"),
        ("npm", r"C:\more\npm.bat"),
        ("local", r"C:\work\local.exe"),
        ("tool", r"C:\work\tools\tool.com"),
        (r"scripts\run", r"C:\work\scripts\run.bat"),
        (r".\run.bat", r"C:\work\run.bat"),
        (r"..\other\run.exe", r"C:\other\run.exe"),
        ("./run", r"C:\work\run.exe"),
        (r"D:\x\run", r"D:\x\run.exe"),
        (r"\run.exe", r"C:\run.exe"),
        ("script.py", r"C:\bin\script.py"),
    ],
)
def test_a_name_is_found_as_cmd_would_find_it_in_the_childs_directory(name: str, file: str) -> None:
    path = found(name, file)
    assert isinstance(path, str)
    assert path.lower() == file.lower()


def test_an_extension_that_comes_first_wins() -> None:
    assert found("run", r"C:\bin\run.bat", r"C:\bin\run.exe") == r"C:\bin\run.exe"


def test_a_file_without_extension_comes_last() -> None:
    assert found("npm", r"C:\bin\npm", r"C:\bin\npm.bat") == r"C:\bin\npm.bat"


def test_the_first_directory_wins() -> None:
    assert found("run.exe", r"C:\more\run.exe", r"C:\bin\run.exe") == r"C:\bin\run.exe"


def test_the_childs_directory_comes_before_the_path() -> None:
    assert found("run.exe", r"C:\bin\run.exe", r"C:\work\run.exe") == r"C:\work\run.exe"


def test_the_childs_directory_is_left_out_where_the_user_wants_that() -> None:
    careful = {**ENVIRONMENT, "NODEFAULTCURRENTDIRECTORYINEXEPATH": ""}
    assert found("run.exe", r"C:\bin\run.exe", r"C:\work\run.exe", environment=careful) == r"C:\bin\run.exe"


def test_a_name_with_a_directory_is_not_looked_up_on_the_path() -> None:
    answer = found(r"sub\run.exe", r"C:\bin\sub\run.exe")
    assert isinstance(answer, ChildNotLaunched)
    assert (answer.exit_code, answer.why) == (127, r"C:\work\sub\run.exe does not exist")


def test_entries_of_the_path_may_be_quoted_or_empty() -> None:
    assert found("run", r"C:\a b\run.exe", environment={"PATH": r';"C:\a b";'}) == r"C:\a b\run.exe"


def test_without_a_path_only_the_childs_directory_is_searched() -> None:
    answer = found("run", r"C:\bin\run.exe", environment={"SystemRoot": r"C:\Windows"})
    assert isinstance(answer, ChildNotLaunched)
    assert (answer.exit_code, answer.why) == (127, '"run" was not found on the PATH')


def test_a_program_gets_its_arguments_as_the_c_runtime_reads_them() -> None:
    assert line("run", "a b", 'q"', "c\\", program=r"C:\bin\run.exe") == CommandLine(
        r"C:\bin\run.exe", 'run "a b" q\\" c\\'
    )


@pytest.mark.parametrize("program", [r"C:\bin\run.exe", r"C:\bin\run.bat"])
def test_an_argument_with_a_nul_is_an_error(program: str) -> None:
    answer = line("run", "a\0b", program=program)
    assert isinstance(answer, ChildNotLaunched)
    assert answer.exit_code == 126
    assert "NUL" in answer.why


def test_a_nul_in_the_name_is_shown_escaped() -> None:
    answer = line("ru\0n", program="")
    assert isinstance(answer, ChildNotLaunched)
    assert answer.why.startswith('"ru\\0n"')


@given(texts, line_breaks, texts)
def test_a_batch_file_cannot_have_an_argument_with_a_line_break(before: str, character: str, after: str) -> None:
    answer = line("run", before + character + after, program=r"C:\bin\run.bat")
    assert isinstance(answer, ChildNotLaunched)
    assert answer.exit_code == 126
    assert "line break" in answer.why


def test_a_batch_file_is_run_by_cmd() -> None:
    assert line("run", "a b", "plain", program=r"C:\bin\run.bat") == CommandLine(
        CMD, CMD + r' /d /e:on /v:off /s /c ""C:\bin\run.bat" "a b" plain"', is_batch=True
    )


@pytest.mark.parametrize("extension", [".BAT", ".cmd"])
def test_the_case_of_a_batch_files_extension_does_not_matter(extension: str) -> None:
    made = line("run" + extension, program=r"C:\bin\run" + extension)
    assert isinstance(made, CommandLine)
    assert made.program == CMD


def batch_arguments(*arguments: str) -> str:
    made = line("run", *arguments, program=r"C:\bin\run.bat")
    assert isinstance(made, CommandLine)
    return made.text.removeprefix(CMD + r' /d /e:on /v:off /s /c ""C:\bin\run.bat"').removesuffix('"').removeprefix(" ")


@given(st.lists(texts | hostile))
def test_cmd_sees_nothing_special_outside_of_quotes(arguments: list[str]) -> None:
    outside = re.sub(r'"[^"]*"', "", batch_arguments(*arguments))
    assert not set(outside) & set('"&|<>^!()=;,%')


@given(st.lists(hostile))
def test_no_percent_sign_can_name_a_variable(arguments: list[str]) -> None:
    assert "%" not in batch_arguments(*arguments).replace("%%cd:~,%", "")


@given(st.lists(texts | hostile))
def test_the_program_of_a_batch_file_reads_its_arguments_unchanged(arguments: list[str]) -> None:
    text = batch_arguments(*arguments).replace("%%cd:~,%", "%")
    assert as_read_by_the_c_runtime(text) == arguments


@pytest.mark.parametrize("program", ["cmd", "CMD.EXE", CMD])
def test_a_line_for_the_shell_is_passed_unchanged(program: str) -> None:
    made = line(program, "/d", "/s", "/c", 'echo "a b" & dir', program=CMD if program == CMD else r"C:\bin\cmd.exe")
    assert isinstance(made, CommandLine)
    assert made.text == f'{program} /d /s /c "echo "a b" & dir"'


@pytest.mark.parametrize("switches", [["/c"], ["/s", "/c", "echo"], ["/s"], []])
def test_cmd_with_other_arguments_is_a_program_like_any_other(switches: list[str]) -> None:
    made = line("cmd", *switches, 'q"', program=r"C:\bin\cmd.exe")
    assert isinstance(made, CommandLine)
    assert made.text == " ".join(["cmd", *switches, 'q\\"'])


def as_read_by_the_c_runtime(text: str) -> list[str]:
    """The rules of Microsoft's C runtime: 2n backslashes before a quote are n, a doubled quote inside quotes is one."""
    arguments: list[str] = []
    position = 0
    while position < len(text):
        argument, quoted = "", False
        while position < len(text) and (quoted or text[position] not in " \t"):
            backslashes = len(text[position:]) - len(text[position:].lstrip("\\"))
            position += backslashes
            if text[position : position + 1] != '"':
                argument += "\\" * backslashes
                if backslashes == 0:
                    argument += text[position]
                    position += 1
                continue
            argument += "\\" * (backslashes // 2)
            if backslashes % 2 or (quoted and text[position + 1 : position + 2] == '"'):
                argument += '"'
                position += 1 if backslashes % 2 else 2
            else:
                quoted = not quoted
                position += 1
        arguments.append(argument)
        position += 1
    return arguments
