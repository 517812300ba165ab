"""Validates the keys that hold commands beside the program: ``check``, ``before``, ``ready`` and ``hooks``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from reloader.config.messages import describe, quoted, suggest
from reloader.config.shell import split_command
from reloader.config.validators import (
    NO_PROGRAM,
    UNCLOSED,
    invalid,
    platform_of,
    possibly_empty_text,
    watch_pattern,
)
from reloader.core.tasks import HookEvent

SYNTAX, OFF = "syntax", "off"

_PROBES = ("http", "tcp", "log", "exec")

_COMMAND = '["npm", "run", "css"]'
_TASK_TABLE = f'{{ run = {_COMMAND}, files = ["*.css"] }}'
_TCP_REMEDY = 'write the host and the port, as in "127.0.0.1:8000"'
_HTTP_REMEDY = 'write it in full, as in "http://127.0.0.1:8000/health"'
_HTTPS_REMEDY = 'write tcp = "HOST:PORT", or exec = ["curl", "--fail", "--insecure", "URL"]'


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """A command, and the patterns of the changed files that it is for. Without patterns it is for every change."""

    run: tuple[str, ...]
    files: tuple[str, ...] = ()


def check(value: object, info: ValidationInfo) -> str | TaskConfig:
    """Accept one of two words, or a command."""
    if value in (SYNTAX, OFF):
        return str(value)
    if isinstance(value, str) and " " not in value.strip():
        near = suggest(value, (SYNTAX, OFF))
        if near is not None:
            raise invalid(f'{quoted(value)} is not one of {SYNTAX}, {OFF}, nor a command: did you mean "{near}"?')
    if not isinstance(value, (str, list, tuple, dict, TaskConfig)):
        raise invalid(
            f'{describe(value)}, expected "{SYNTAX}", "{OFF}" or a command, as in ["ruff", "check", "{{files}}"]'
        )
    return _task(value, info)


def before(value: object, info: ValidationInfo) -> tuple[TaskConfig, ...]:
    if not isinstance(value, (list, tuple)):
        raise invalid(f"{describe(value)}, expected a list of commands, as in [{_COMMAND}]")
    tasks: list[TaskConfig] = []
    for position, one in enumerate(value):
        if not isinstance(one, (str, list, tuple, dict, TaskConfig)):
            expected = f"a list of texts, as in {_COMMAND}, or a table, as in {_TASK_TABLE}"
            raise invalid(f"item {position}: {describe(one)}, expected {expected}")
        tasks.append(_task(one, info, f"item {position}: "))
    return tuple(tasks)


def ready(value: object, info: ValidationInfo) -> dict[str, object]:
    """Return the validated value of each probe by its name."""
    probes = _table(value, _PROBES, '{ http = "http://127.0.0.1:8000/" }')
    validated: dict[str, object] = {}
    for name, one in probes.items():
        match name:
            case "http":
                validated[name] = _url(one)
            case "tcp":
                validated[name] = _address(one)
            case "log":
                validated[name] = _regular_expression(one)
            case _:
                validated[name] = _arguments(one, info, f"{name}: ")
    return validated


def hooks(value: object, info: ValidationInfo) -> dict[str, tuple[str, ...]]:
    """Return the command of each hook by the name of its event."""
    events = _table(value, tuple(event.value for event in HookEvent), '{ ready = ["notify-send", "ready"] }')
    return {name: _arguments(one, info, f"{name}: ") for name, one in events.items()}


def _table(value: object, names: tuple[str, ...], example: str) -> Mapping[str, object]:
    """Accept a table that has only ``names``."""
    if not isinstance(value, dict):
        raise invalid(f"{describe(value)}, expected a table, as in {example}")
    for name in value:
        if name not in names:
            near = suggest(str(name), names)
            remedy = f'did you mean "{near}"?' if near else f"write one of {', '.join(names)}"
            raise invalid(f"unknown name {quoted(str(name))}: {remedy}")
    return value


def _task(value: object, info: ValidationInfo, origin: str = "") -> TaskConfig:
    if isinstance(value, TaskConfig):
        return value
    if not isinstance(value, dict):
        return TaskConfig(_arguments(value, info, origin))
    unknown = [name for name in value if name not in {"run", "files"}]
    if unknown or "run" not in value:
        problem = f"unknown name {quoted(str(unknown[0]))}" if unknown else "has no command"
        raise invalid(f"{origin}{problem}: write {_TASK_TABLE}")
    return TaskConfig(_arguments(value["run"], info, f"{origin}run: "), _patterns(value.get("files", []), info, origin))


def _patterns(value: object, info: ValidationInfo, origin: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise invalid(f'{origin}files: {describe(value)}, expected a list of patterns, as in ["*.css"]')
    return tuple(watch_pattern(str(one), info) for one in value)


def _arguments(value: object, info: ValidationInfo, origin: str) -> tuple[str, ...]:
    """Return the arguments of a command. A list stays as it is; a text is split as a shell would, without a shell."""
    if isinstance(value, str):
        try:
            value = split_command(value, platform_of(info))
        except ValueError:
            raise invalid(f"{origin}{quoted(str(value))} {UNCLOSED}") from None
    if not isinstance(value, (list, tuple)):
        raise invalid(f"{origin}{describe(value)}, expected a command, as in {_COMMAND}")
    if not value or value[0] == "":
        raise invalid(origin + NO_PROGRAM)
    for one in value:
        if not isinstance(one, str):
            raise invalid(f"{origin}{describe(one)}, expected text, as in {_COMMAND}")
    return tuple(possibly_empty_text(str(one)) for one in value)


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise invalid(f"http: {describe(value)}, expected an address: {_HTTP_REMEDY}")
    scheme = _scheme(value)
    if scheme not in {"http", "https"}:
        raise invalid(f"http: {quoted(value)} is not a complete address: {_HTTP_REMEDY}")
    if scheme == "https":  # OpenSSL would make each start of the program in one file a quarter slower
        raise invalid(f"http: {quoted(value)} uses TLS, which this probe does not support: {_HTTPS_REMEDY}")
    return value


def _scheme(url: str) -> str:
    """Return the scheme of a complete ``url``, or nothing."""
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return parts.scheme if is_complete else ""


def _address(value: object) -> tuple[str, int]:
    if isinstance(value, tuple):
        host, port = value
        return str(host), int(port)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise invalid(f"tcp: {describe(value)}, expected an address: {_TCP_REMEDY}")
    host, _, number = str(value).rpartition(":")
    if not re.fullmatch("[0-9]{1,5}", number, re.ASCII) or not 0 < int(number) < 65536:
        raise invalid(f"tcp: {quoted(str(value))} has no port from 1 to 65535: {_TCP_REMEDY}")
    return host.strip("[]") or "127.0.0.1", int(number)


def _regular_expression(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(f'log: {describe(value)}, expected a regular expression, as in "Listening on"')
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        remedy = "put a backslash before characters that stand for themselves"
        raise invalid(f"log: {quoted(value)} is not a regular expression ({error}): {remedy}") from None
    return value
