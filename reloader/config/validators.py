"""What pydantic cannot judge by type: each function takes a raw value and returns a good one, or refuses it in our words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from reloader.config.messages import describe, quoted, suggest
from reloader.config.options import KEYS, PLATFORM_TABLES
from reloader.config.patterns import PathContext, anchor
from reloader.config.shell import Shell, split_command
from reloader.config.signals import full_name, signals_for
from reloader.config.text_values import duration_problem, parse_duration
from reloader.core.addresses import AddressError, parse_address
from reloader.core.paths.filters import PatternError, Patterns, Rule
from reloader.core.tasks import HookEvent

NO_PROGRAM = 'is empty: name a program, as in ["python", "app.py"]'

_WINDOWS_PATH = re.compile(r"!?([A-Za-z]:|\.{1,2}|~)\\")
_OUTSIDE = re.compile(r"!?(~/|[A-Za-z]:/|\.\./)")


def invalid(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{sentence}", {"sentence": sentence})


def _platform(info: ValidationInfo) -> str:
    """The ``sys.platform`` whose rules the layer follows."""
    return str((info.context or {})["platform"])


def text(value: str) -> str:
    """Text that a path or a process can hold, and that is not empty."""
    if not value:
        raise invalid("is empty: write something, or leave the key out")
    return possibly_empty_text(value)


def possibly_empty_text(value: str) -> str:
    if "\0" in value:
        raise invalid(f"{quoted(value)} holds a NUL character, which no path and no command can")
    return value


def variable_name(value: str) -> str:
    if not value or "=" in value or "\0" in value:
        raise invalid(f"{quoted(value)} cannot name a variable: use letters, digits and '_'")
    return value


def seconds(value: object) -> float:
    return _seconds(value, "debounce", zero_is_allowed=True)


def positive_seconds(value: object) -> float:
    return _seconds(value, "interval", zero_is_allowed=False)


def _seconds(value: object, key: str, *, zero_is_allowed: bool) -> float:
    length = parse_duration(value) if isinstance(value, str) else value
    if isinstance(length, bool) or not isinstance(length, (int, float)):
        raise invalid(f'{describe(value)}, expected seconds or text with a unit, as in {KEYS[key].example} or "300ms"')
    try:
        length = float(length)
    except OverflowError:
        length = math.inf
    fault = duration_problem(length, zero_is_allowed=zero_is_allowed)
    if fault is not None:
        raise invalid(f"{quoted(value) if isinstance(value, str) else f'{length:g}'} {fault}")
    return length


def command(value: object) -> str | tuple[str, ...]:
    """Never empty. A text is not split here: whether a shell reads it may be written elsewhere."""
    if not isinstance(value, (str, list, tuple)):
        raise invalid(f'{describe(value)}, expected a list of texts, as in ["python", "app.py"]')
    words = [value.strip()] if isinstance(value, str) else value
    if not words or words[0] == "":
        raise invalid(NO_PROGRAM)
    if isinstance(value, str):
        return possibly_empty_text(value)
    return tuple(_word(position, word) for position, word in enumerate(words))


def _word(position: int, word: object) -> str:
    if not isinstance(word, str):
        raise invalid(f"item {position}: {describe(word)}, expected text")
    return possibly_empty_text(word)


def shell(value: object) -> Shell:
    if isinstance(value, bool):
        return value
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) and word for word in words):
        raise invalid(
            f'{describe(value)}, expected true, false, a shell\'s name or a list, as in "bash" or ["bash", "-c"]'
        )
    for word in words:
        text(word)
    return value if isinstance(value, str) else tuple(words)


def restart_code(value: object) -> int | bool:
    if value is False or (isinstance(value, int) and value is not True and 0 <= value <= 255):
        return value
    raise invalid(f"{describe(value)}, expected a number from 0 to 255, or false, as in 3")


def stop_signal(value: str, info: ValidationInfo) -> str:
    """The full name of a signal of the platform."""
    platform = _platform(info)
    known = signals_for(platform)
    name = full_name(value)
    if name in known:
        return name
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    remedy = f"did you mean {near[0]}?" if near else "write, for example, SIGTERM or SIGINT"
    here = next((table for table, its in PLATFORM_TABLES.items() if its == platform), platform)
    raise invalid(f"{quoted(value)} is no signal of {here}: {remedy}")


def socket_address(value: str) -> str:
    try:
        parse_address(value)
    except AddressError as fault:
        raise invalid(f"{quoted(value)} {fault}") from None
    return value


def watch_pattern(pattern: str, info: ValidationInfo) -> str:
    platform = _platform(info)
    _refuse_windows_path(pattern, platform)
    anywhere = "C:\\" if platform == "win32" else "/"
    try:
        placed = anchor(pattern, PathContext(platform, anywhere, anywhere))
    except PatternError as error:
        raise invalid(str(error)) from None
    _compile(placed.pattern, pattern)
    return pattern


def ignore_pattern(pattern: str, info: ValidationInfo) -> str:
    _refuse_windows_path(pattern, _platform(info))
    if _OUTSIDE.match(pattern) or pattern.endswith("/..") or "/../" in pattern:
        raise invalid(
            f"{quoted(pattern)} points outside: ignore is relative to the config file, name it without a path"
        )
    _compile(pattern, pattern)
    return pattern


def _refuse_windows_path(pattern: str, platform: str) -> None:
    if platform == "win32" and _WINDOWS_PATH.match(pattern):
        raise invalid(f"{quoted(pattern)} uses '\\', which in a pattern takes a character as it is: write '/'")


def _compile(pattern: str, written: str) -> None:
    """Refuse a pattern that the filter cannot use."""
    try:
        Patterns("", (Rule(pattern, ""),))
    except PatternError:
        remedy = "close every '[', and write '\\#' for a '#' in front"
        raise invalid(f"{quoted(written)} is a pattern that matches nothing: {remedy}") from None


SYNTAX, OFF = "syntax", "off"

_STEP = (
    'a list of texts, as in ["npm", "run", "css"], or a table, as in { run = ["npm", "run", "css"], files = ["*.css"] }'
)
_ADDRESS = 'write the host and the port, as in "127.0.0.1:8000"'
_PROBES = ("http", "tcp", "log", "exec")


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """A command, and the patterns of the files that it is for; without any it is for all."""

    run: tuple[str, ...]
    files: tuple[str, ...] = ()


def check(value: object, info: ValidationInfo) -> str | TaskConfig:
    """One of two words, or a command."""
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
    return _step(value, info)


def before(value: object, info: ValidationInfo) -> tuple[TaskConfig, ...]:
    if not isinstance(value, (list, tuple)):
        raise invalid(f'{describe(value)}, expected a list of commands, as in [["npm", "run", "css"]]')
    steps: list[TaskConfig] = []
    for position, one in enumerate(value):
        if not isinstance(one, (str, list, tuple, dict, TaskConfig)):
            raise invalid(f"item {position}: {describe(one)}, expected {_STEP}")
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
    known = _table(value, tuple(occasion.value for occasion in HookEvent), '{ ready = ["notify-send", "ready"] }')
    return {name: _words(one, info, f"{name}: ") for name, one in known.items()}


def _table(value: object, names: tuple[str, ...], example: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise invalid(f"{describe(value)}, expected a table, as in {example}")
    for name in value:
        if name not in names:
            near = suggest(str(name), names)
            remedy = f'did you mean "{near}"?' if near else f"write one of {', '.join(names)}"
            raise invalid(f"unknown name {quoted(str(name))}: {remedy}")
    return value


def _step(value: object, info: ValidationInfo, where: str = "") -> TaskConfig:
    if isinstance(value, TaskConfig):
        return value
    if not isinstance(value, dict):
        return TaskConfig(_words(value, info, where))
    stray = [name for name in value if name not in {"run", "files"}]
    if stray or "run" not in value:
        fault = f"unknown name {quoted(str(stray[0]))}" if stray else "names no command"
        raise invalid(f'{where}{fault}: write {{ run = ["npm", "run", "css"], files = ["*.css"] }}')
    return TaskConfig(_words(value["run"], info, f"{where}run: "), _patterns(value.get("files", []), info, where))


def _patterns(value: object, info: ValidationInfo, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise invalid(f'{where}files: {describe(value)}, expected a list of patterns, as in ["*.css"]')
    return tuple(watch_pattern(str(one), info) for one in value)


def _words(value: object, info: ValidationInfo, where: str) -> tuple[str, ...]:
    """The words of a command: those of a list as they are, a text split as a shell would, without a shell."""
    if isinstance(value, str):
        try:
            value = split_command(value, str((info.context or {})["platform"]))
        except ValueError:
            fault = "has a quotation or an escape that is not closed: close it, or write a list"
            raise invalid(f"{where}{quoted(str(value))} {fault}") from None
    if not isinstance(value, (list, tuple)):
        raise invalid(f"{where}{describe(value)}, expected a command, as in {_COMMAND}")
    if not value or value[0] == "":
        raise invalid(where + NO_PROGRAM)
    for word in value:
        if not isinstance(word, str):
            raise invalid(f"{where}{describe(word)}, expected text, as in {_COMMAND}")
    return tuple(possibly_empty_text(str(word)) for word in value)


_COMMAND = '["npm", "run", "css"]'


def _url(value: object) -> str:
    remedy = 'write it whole, as in "http://127.0.0.1:8000/health"'
    if not isinstance(value, str):
        raise invalid(f"http: {describe(value)}, expected an address: {remedy}")
    scheme = _scheme(value)
    if scheme not in {"http", "https"}:
        raise invalid(f"http: {quoted(value)} is no address: {remedy}")
    if scheme == "https":  # OpenSSL would make each start of the program in one file a quarter slower
        raise invalid(f"http: {quoted(value)} is encrypted, which is not spoken here: {_ENCRYPTED}")
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
        raise invalid(f"tcp: {describe(value)}, expected an address: {_ADDRESS}")
    host, _, number = str(value).rpartition(":")
    if not re.fullmatch("[0-9]{1,5}", number, re.ASCII) or not 0 < int(number) < 65536:
        raise invalid(f"tcp: {quoted(str(value))} names no port from 1 to 65535: {_ADDRESS}")
    return host.strip("[]") or "127.0.0.1", int(number)


def _expression(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise invalid(f'log: {describe(value)}, expected a regular expression, as in "Listening on"')
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise invalid(
            f"log: {quoted(value)} is no regular expression ({error}): escape what stands for itself"
        ) from None
    return value
