"""What is done beside the program, as it is written: commands with the files that they are for, probes, hooks.

Each function takes a raw value, or one that it has returned before, and returns a good one or refuses it in our words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from reloader.config.messages import found, nearest, quoted
from reloader.config.shell import split
from reloader.config.validators import NO_PROGRAM, possibly_empty_text, refused, watch_pattern
from reloader.core.tasks import Occasion

SYNTAX, OFF = "syntax", "off"

_STEP = (
    'a list of texts, as in ["npm", "run", "css"], or a table, as in { run = ["npm", "run", "css"], files = ["*.css"] }'
)
_ADDRESS = 'write the host and the port, as in "127.0.0.1:8000"'
_PROBES = ("http", "tcp", "log", "exec")


@dataclass(frozen=True, slots=True)
class StepWords:
    """A command, and the patterns of the files that it is for; without any it is for all."""

    run: tuple[str, ...]
    files: tuple[str, ...] = ()


def check(value: object, info: ValidationInfo) -> str | StepWords:
    """One of two words, or a command."""
    if value in (SYNTAX, OFF):
        return str(value)
    if isinstance(value, str) and " " not in value.strip():
        near = nearest(value, (SYNTAX, OFF))
        if near is not None:
            raise refused(f'{quoted(value)} is not one of {SYNTAX}, {OFF}, nor a command: did you mean "{near}"?')
    if not isinstance(value, (str, list, tuple, dict, StepWords)):
        raise refused(
            f'{found(value)}, expected "{SYNTAX}", "{OFF}" or a command, as in ["ruff", "check", "{{files}}"]'
        )
    return _step(value, info)


def before(value: object, info: ValidationInfo) -> tuple[StepWords, ...]:
    if not isinstance(value, (list, tuple)):
        raise refused(f'{found(value)}, expected a list of commands, as in [["npm", "run", "css"]]')
    steps: list[StepWords] = []
    for position, one in enumerate(value):
        if not isinstance(one, (str, list, tuple, dict, StepWords)):
            raise refused(f"item {position}: {found(one)}, expected {_STEP}")
        steps.append(_step(one, info, f"item {position}: "))
    return tuple(steps)


def ready(value: object, info: ValidationInfo) -> dict[str, object]:
    """What makes a run ready, by the kind of probe."""
    probes = _table(value, _PROBES, '{ http = "http://127.0.0.1:8000/" }')
    good: dict[str, object] = {}
    for name, one in probes.items():
        match name:
            case "http":
                good[name] = _url(one)
            case "tcp":
                good[name] = _address(one)
            case "log":
                good[name] = _expression(one)
            case _:
                good[name] = _words(one, info, f"{name}: ")
    return good


def hooks(value: object, info: ValidationInfo) -> dict[str, tuple[str, ...]]:
    """The command of each occasion."""
    known = _table(value, tuple(occasion.value for occasion in Occasion), '{ ready = ["notify-send", "ready"] }')
    return {name: _words(one, info, f"{name}: ") for name, one in known.items()}


def _table(value: object, names: tuple[str, ...], example: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise refused(f"{found(value)}, expected a table, as in {example}")
    for name in value:
        if name not in names:
            near = nearest(str(name), names)
            remedy = f'did you mean "{near}"?' if near else f"write one of {', '.join(names)}"
            raise refused(f"unknown name {quoted(str(name))}: {remedy}")
    return value


def _step(value: object, info: ValidationInfo, place: str = "") -> StepWords:
    if isinstance(value, StepWords):
        return value
    if not isinstance(value, dict):
        return StepWords(_words(value, info, place))
    stray = [name for name in value if name not in {"run", "files"}]
    if stray or "run" not in value:
        fault = f"unknown name {quoted(str(stray[0]))}" if stray else "names no command"
        raise refused(f'{place}{fault}: write {{ run = ["npm", "run", "css"], files = ["*.css"] }}')
    return StepWords(_words(value["run"], info, f"{place}run: "), _patterns(value.get("files", []), info, place))


def _patterns(value: object, info: ValidationInfo, place: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise refused(f'{place}files: {found(value)}, expected a list of patterns, as in ["*.css"]')
    return tuple(watch_pattern(str(one), info) for one in value)


def _words(value: object, info: ValidationInfo, place: str) -> tuple[str, ...]:
    """The words of a command: those of a list as they are, a text split as a shell would, without a shell."""
    if isinstance(value, str):
        try:
            value = split(value, str((info.context or {})["platform"]))
        except ValueError:
            fault = "has a quotation or an escape that is not closed: close it, or write a list"
            raise refused(f"{place}{quoted(str(value))} {fault}") from None
    if not isinstance(value, (list, tuple)):
        raise refused(f"{place}{found(value)}, expected a command, as in {_COMMAND}")
    if not value or value[0] == "":
        raise refused(place + NO_PROGRAM)
    for word in value:
        if not isinstance(word, str):
            raise refused(f"{place}{found(word)}, expected text, as in {_COMMAND}")
    return tuple(possibly_empty_text(str(word)) for word in value)


_COMMAND = '["npm", "run", "css"]'


def _url(value: object) -> str:
    remedy = 'write it whole, as in "http://127.0.0.1:8000/health"'
    if not isinstance(value, str):
        raise refused(f"http: {found(value)}, expected an address: {remedy}")
    scheme = _scheme(value)
    if scheme not in {"http", "https"}:
        raise refused(f"http: {quoted(value)} is no address: {remedy}")
    if scheme == "https":  # OpenSSL would make each start of the program in one file a quarter slower
        raise refused(f"http: {quoted(value)} is encrypted, which is not spoken here: {_ENCRYPTED}")
    return value


def _scheme(url: str) -> str:
    """The scheme of a ``url`` that is whole, or nothing."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return parts.scheme if is_whole else ""


_ENCRYPTED = 'write tcp = "HOST:PORT", or exec = ["curl", "--fail", "--insecure", "URL"]'


def _address(value: object) -> tuple[str, int]:
    if isinstance(value, tuple):
        host, port = value
        return str(host), int(port)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise refused(f"tcp: {found(value)}, expected an address: {_ADDRESS}")
    host, _, number = str(value).rpartition(":")
    if not re.fullmatch("[0-9]{1,5}", number, re.ASCII) or not 0 < int(number) < 65536:
        raise refused(f"tcp: {quoted(str(value))} names no port from 1 to 65535: {_ADDRESS}")
    return host.strip("[]") or "127.0.0.1", int(number)


def _expression(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise refused(f'log: {found(value)}, expected a regular expression, as in "Listening on"')
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise refused(
            f"log: {quoted(value)} is no regular expression ({error}): escape what stands for itself"
        ) from None
    return value
