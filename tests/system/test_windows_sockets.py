"""Windows refuses every socket, also one that the configuration has not refused."""

from __future__ import annotations

import pytest

from reloader.core.addresses import Address, SocketSpec
from reloader.errors import ConfigError
from reloader.system import Sockets
from tests.support.platforms.limits import windows_only


@windows_only
def test_a_socket_is_refused_with_its_origin() -> None:
    sockets = Sockets()
    with pytest.raises(ConfigError, match=r"^reloader\.toml: sockets: a command cannot inherit sockets on Windows"):
        sockets.open([SocketSpec(Address("", 0), "reloader.toml: sockets")])
    sockets.close_replaced()
    sockets.close()
