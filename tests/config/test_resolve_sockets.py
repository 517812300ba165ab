"""The key ``sockets``: its addresses, and their problems with each other and with the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.core.addresses import Address, SocketSpec, UnixAddress
from tests.config.projects import Project, project_in
from tests.support.platforms.limits import posix_only


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path, platform="linux")


@posix_only
def test_paths_are_relative_to_the_config_file(project: Project) -> None:
    project.write('command = "x"\nsockets = ["127.0.0.1:8000", "unix:run/app.sock", "unix:/a", "unix:~/b"]')
    origin = "reloader.toml: sockets"
    assert project.settings().launch.sockets == (
        SocketSpec(Address("127.0.0.1", 8000), origin),
        SocketSpec(UnixAddress(project.path("run", "app.sock")), origin),
        SocketSpec(UnixAddress("/a"), origin),
        SocketSpec(UnixAddress(project.path("home", "b")), origin),
    )


def test_the_flag_may_be_repeated_and_has_a_name_for_one(project: Project) -> None:
    settings = project.settings("--socket", ":0", "--socket", "[::1]:80,[::1]:81", "--", "x")
    addresses = [Address("", 0), Address("::1", 80), Address("::1", 81)]
    assert settings.launch.sockets == tuple(SocketSpec(address, "--socket") for address in addresses)


def test_the_variable_has_the_name_of_the_flag(project: Project) -> None:
    settings = project.settings("--", "x", environ={"RELOADER_SOCKET": ":80"})
    assert settings.launch.sockets == (SocketSpec(Address("", 80), "RELOADER_SOCKET"),)


def test_the_socket_variables_of_an_outer_reloader_are_not_configuration(project: Project) -> None:
    assert project.settings("--", "x", environ={"RELOADER_SOCKETS": '[{"fd": 3}]'}).launch.sockets == ()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('sockets = ["a:66000"]', 'sockets[0]: "a:66000" has a port above 65535. Use a lower one, or 0 for any free port'),
        ('sockets = [8000]', 'sockets[0]: found the number 8000, expected text: write "8000"'),
        ('sockets = ["a:1", "a:1"]', "sockets: a:1 and a:1 conflict: remove one, or change a port"),
        (
            'sockets = [":1"]\nenv = { A = "{socket.1.fd}" }',
            "env.A: {socket.1.fd}: no such socket. Valid numbers: 0",
        ),
    ],
)  # fmt: skip
def test_a_problem_names_its_origin_and_remedy(project: Project, lines: str, problem: str) -> None:
    project.write(f'command = ["x"]\n{lines}')
    assert project.problems() == [f"reloader.toml: {problem}"]


@pytest.mark.parametrize("command", ['["a", "{socket.0.path}"]', '"a {socket.0.path}"'])
def test_a_placeholder_that_a_socket_does_not_have_is_a_problem(project: Project, command: str) -> None:
    project.write(f'command = {command}\nsockets = [":1"]')
    fault = "{socket.0.path}: :1 has no such value. Use one of {socket.0.fd}, {socket.0.host}, {socket.0.port}"
    assert project.problems() == [f"reloader.toml: command: {fault}"]


def test_without_sockets_no_brace_of_a_command_is_looked_at(project: Project) -> None:
    project.write('command = ["find", "-exec", "{}", "{socket.7.fd}"]')
    assert project.settings().launch.argv == ("find", "-exec", "{}", "{socket.7.fd}")


def test_sockets_are_a_problem_on_windows(tmp_path: Path) -> None:
    project = project_in(tmp_path, platform="win32")
    project.write('command = "x"\nsockets = [":1"]')
    assert project.problems() == [
        (
            "reloader.toml: sockets: sockets cannot be passed to a command on Windows: "
            "move the key into [linux] or [macos], and let the command open its own on Windows"
        )
    ]
    project.write('command = "x"\n[linux]\nsockets = [":1"]')
    assert project.settings().launch.sockets == ()


def test_werkzeug_with_a_socket_needs_no_agent(project: Project) -> None:
    project.write('command = "x"\nsockets = [":1"]\ncompatible = ["werkzeug"]\npython.modules = false')
    assert len(project.settings().launch.sockets) == 1
