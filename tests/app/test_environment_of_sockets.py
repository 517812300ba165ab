"""What a command is told of its sockets."""

from __future__ import annotations

import json

from reloader.app.environment import told_of
from reloader.core.addresses import Address, UnixAddress, assign_descriptors
from reloader.core.choices import Framework
from reloader.core.settings import LaunchSettings

SOCKETS = assign_descriptors([Address("127.0.0.1", 8000), UnixAddress("/run/app.sock")])


def test_its_words_and_its_variables_are_filled_in() -> None:
    launch = LaunchSettings(("serve", "--fd={socket.0.fd}", "{}"), "/", {"PORT": "{socket.0.port}", "A": "{b}"})
    told = told_of(SOCKETS, launch)
    assert told.argv == ("serve", "--fd=3", "{}")
    assert (told.environment["PORT"], told.environment["A"]) == ("8000", "{b}")


def test_servers_are_told_by_the_variables_of_systemd_and_all_of_it_by_ours() -> None:
    told = told_of(SOCKETS, LaunchSettings(("x",), "/")).environment
    assert (told["LISTEN_FDS"], told["LISTEN_FDNAMES"]) == ("2", "socket.0:socket.1")
    assert json.loads(told["RELOADER_SOCKETS"]) == [
        {"fd": 3, "name": "socket.0", "host": "127.0.0.1", "port": 8000},
        {"fd": 4, "name": "socket.1", "path": "/run/app.sock"},
    ]
    assert "WERKZEUG_SERVER_FD" not in told


def test_werkzeug_is_told_in_its_own_way() -> None:
    told = told_of(SOCKETS, LaunchSettings(("x",), "/", compatible=(Framework.WERKZEUG,)))
    assert told.environment["WERKZEUG_SERVER_FD"] == "3"
