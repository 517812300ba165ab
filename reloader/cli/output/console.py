"""Prints notices on a stream, as lines or as JSON objects. It never fails, even if the terminal was closed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol, TextIO

from termcolor import colored

from reloader.cli.output.messages import details, message
from reloader.core.changes import ChangeBatch
from reloader.core.notices import Level, Notice, Scanning, kind_of
from reloader.errors import ConfigError, ReloaderError

_COLOURS = {Level.DETAIL: "dark_grey", Level.INFO: "cyan", Level.WARNING: "yellow", Level.ERROR: "red"}
_NAME = "reloader"


class Options(Protocol):
    """The arguments that concern the console."""

    @property
    def quiet(self) -> bool: ...
    @property
    def verbose(self) -> bool: ...
    @property
    def json(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Style:
    """The format of notices. ``threshold`` is the lowest level that is printed."""

    threshold: Level = Level.INFO
    as_json: bool = False
    has_colour: bool = False
    is_terminal: bool = False

    @classmethod
    def of(cls, options: Options, stream: TextIO, *, shows_colour: bool, environ: Mapping[str, str]) -> Style:
        """Return the style for the flags, NO_COLOR (no-color.org), FORCE_COLOR (force-color.org) and ``stream``."""
        threshold = Level.WARNING if options.quiet else Level.DETAIL if options.verbose else Level.INFO
        forced = bool(environ.get("FORCE_COLOR"))
        has_colour = not environ.get("NO_COLOR") and (forced or (shows_colour and environ.get("TERM") != "dumb"))
        return cls(threshold, options.json, has_colour and not options.json, stream.isatty() and not options.json)


def local_time() -> datetime:
    return datetime.now().astimezone()


class Console:
    """The reporter of the command line."""

    def __init__(self, stream: TextIO, style: Style, now: Callable[[], datetime] = local_time) -> None:
        self._stream = stream
        self._style = style
        self._now = now
        self._has_times = False
        self._has_open_line = False
        self.has_warned = False
        self.is_cut_off = False

    @property
    def is_screen(self) -> bool:
        """True if lines for people go to a terminal."""
        return self._style.is_terminal

    @property
    def writes_json(self) -> bool:
        return self._style.as_json

    def show_times(self) -> None:
        """Add the time to each line and each object from now on."""
        self._has_times = True

    def write(self, text: str) -> None:
        """Write a control sequence to the terminal."""
        self._write(text)

    def report(self, notice: Notice) -> None:
        self.has_warned |= notice.level >= Level.WARNING
        if notice.level < self._style.threshold:
            return
        if self._style.as_json:
            time = {"time": self._now().isoformat(timespec="milliseconds")} if self._has_times else {}
            self._write(json.dumps({**as_object(notice), **time}) + "\n")
        elif isinstance(notice, Scanning):
            self._show_progress(notice)
        else:
            lines = (self._line(notice.level, message(notice)), *details(notice))
            self._write("".join(line + "\n" for line in lines))

    def fail(self, error: ReloaderError) -> None:
        """Show an error with which nothing was started, each problem on its own line."""
        problems = error.problems if isinstance(error, ConfigError) else [str(error)]
        if self._style.as_json:
            self._write(json.dumps({"notice": "error", "level": "error", "problems": problems}) + "\n")
        else:
            self._write("".join(self._line(Level.ERROR, problem) + "\n" for problem in problems))

    def _show_progress(self, scanning: Scanning) -> None:
        """Overwrite one line of a terminal. A pipe gets only the total, when the scan is done."""
        if self._style.is_terminal:
            self._write("\r" + self._line(scanning.level, message(scanning)))
            self._has_open_line = True

    def _line(self, level: Level, text: str) -> str:
        mark = f"{self._now().time().isoformat('milliseconds')} [{_NAME}]" if self._has_times else f"[{_NAME}]"
        if not self._style.has_colour:
            return f"{mark} {text}"
        mark = colored(mark, _COLOURS[level], force_color=True)
        return f"{mark} {colored(text, _COLOURS[level], force_color=True) if level is not Level.INFO else text}"

    def _write(self, text: str) -> None:
        if self._has_open_line and not text.startswith("\r"):
            text = "\n" + text
            self._has_open_line = False
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self.is_cut_off = True
            return  # the terminal or the pipe was closed; the child must still be stopped cleanly


def as_object(notice: Notice) -> dict[str, object]:
    """Return ``notice`` for JSON: its kind as ``notice``, its ``level``, its message as ``text``, and its fields."""
    return {
        "notice": kind_of(notice),
        "level": notice.level.name.lower(),
        "text": message(notice),
        **{field.name: _value(getattr(notice, field.name)) for field in fields(notice)},
    }


def _value(value: object) -> object:
    if isinstance(value, ChangeBatch):
        return [{"path": _printable(change.path), "kind": change.kind.value} for change in value]
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        named = {field.name: _value(getattr(value, field.name)) for field in fields(value)}
        return {"kind": kind_of(value), **named}
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return _printable(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    """Escape the bytes of a file name that are not valid text, which JSON cannot hold."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")
