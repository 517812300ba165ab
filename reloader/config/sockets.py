"""The key ``sockets``, resolved: addresses, with paths that are absolute, and what is wrong with them beside the command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reloader.config.layers import Stack
from reloader.config.model import Config
from reloader.config.patterns import Ground
from reloader.core.sockets import SocketAddress, SocketSpec, UnixAddress, clash, faults_of, parse_address, shown


def socket_specs(config: Config, stack: Stack, ground: Ground) -> tuple[SocketSpec, ...]:
    origin = stack.origins.get("sockets", "sockets")
    return tuple(SocketSpec(address, origin) for address in _addresses(config, ground))


def socket_problems(config: Config, stack: Stack, ground: Ground) -> Iterator[str]:
    """What only shows when the addresses meet each other, the platform, and what the command is told by its words."""
    if not config.sockets:
        return
    origin = stack.origins["sockets"]
    if ground.platform == "win32":
        remedy = "move the key into a table [linux] or [macos], and let the command open its own here"
        yield f"{origin}: no socket can be handed over on Windows: {remedy}"
        return
    addresses = _addresses(config, ground)
    both = clash(addresses)
    if both is not None:
        yield f"{origin}: {shown(both[0])} and {shown(both[1])} cannot both be had: leave one out, or change a port"
    words = (config.command,) if isinstance(config.command, str) else config.command
    yield from (
        f"{stack.origins.get('command', 'command')}: {fault}" for w in words for fault in faults_of(w, addresses)
    )
    for name, value in config.env.items():
        yield from (f"{stack.origins['env']}.{name}: {fault}" for fault in faults_of(value, addresses))


def _addresses(config: Config, ground: Ground) -> list[SocketAddress]:
    return [_placed(parse_address(text), ground) for text in config.sockets]


def _placed(address: SocketAddress, ground: Ground) -> SocketAddress:
    return replace(address, path=ground.absolute(address.path)) if isinstance(address, UnixAddress) else address
