"""The variables and placeholders by which a command finds its sockets."""

from __future__ import annotations

import json

from reloader.app.environment import with_sockets
from reloader.core.addresses import Address, UnixAddress, assign_descriptors
from reloader.core.choices import Framework
from reloader.core.settings import LaunchSettings

SOCKETS = assign_descriptors([Address("127.0.0.1", 8000), UnixAddress("/run/app.sock")])


def test_placeholders_in_arguments_and_variables_are_filled_in() -> None:
    launch = LaunchSettings(("serve", "--fd={socket.0.fd}", "{}"), "/", {"PORT": "{socket.0.port}", "A": "{b}"})
    launch = with_sockets(SOCKETS, launch)
    assert launch.argv == ("serve", "--fd=3", "{}")
    assert (launch.environment["PORT"], launch.environment["A"]) == ("8000", "{b}")


def test_the_variables_of_systemd_and_reloader_describe_the_sockets() -> None:
    environment = with_sockets(SOCKETS, LaunchSettings(("x",), "/")).environment
    assert (environment["LISTEN_FDS"], environment["LISTEN_FDNAMES"]) == ("2", "socket.0:socket.1")
    assert json.loads(environment["RELOADER_SOCKETS"]) == [
        {"fd": 3, "name": "socket.0", "host": "127.0.0.1", "port": 8000},
        {"fd": 4, "name": "socket.1", "path": "/run/app.sock"},
    ]
    assert "WERKZEUG_SERVER_FD" not in environment


def test_werkzeug_gets_a_variable_of_its_own() -> None:
    launch = with_sockets(SOCKETS, LaunchSettings(("x",), "/", compatible=(Framework.WERKZEUG,)))
    assert launch.environment["WERKZEUG_SERVER_FD"] == "3"
