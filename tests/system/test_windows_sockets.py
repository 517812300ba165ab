"""On Windows no socket is handed over, and who comes past the configuration is told so as well."""

from __future__ import annotations

import pytest

from reloader.core.addresses import Address, SocketSpec
from reloader.errors import ConfigError
from reloader.system import Sockets
from tests.support.platforms.limits import windows_only


@windows_only
def test_a_socket_is_refused_with_where_it_was_written() -> None:
    sockets = Sockets()
    with pytest.raises(ConfigError, match=r"^reloader\.toml: sockets: no socket can be handed over on Windows"):
        sockets.open([SocketSpec(Address("", 0), "reloader.toml: sockets")])
    sockets.close_replaced()
    sockets.close()
