"""Where the configuration is: a named file, or a search upwards that ends at the project's root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from reloader.config.messages import describe, printable
from reloader.errors import ConfigError

FILE_NAME = "reloader.toml"
PROJECT_FILE = "pyproject.toml"

_REPOSITORIES = (".git", ".hg", ".jj")
_PROJECTS = (PROJECT_FILE, "setup.py", "package.json")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The keys as they are written, with the file's name for the user and the table that they are in, if they are in one."""

    path: str
    name: str
    values: dict[str, object]
    table: str = ""


def find(named: str | None, directory: str, home: str) -> ConfigFile | None:
    """The file that was ``named``, or else the one that applies in ``directory``, or None."""
    if named is not None:
        return _named(named, directory, home)
    places = _up_to_the_root(directory)
    for place in places:
        path = os.path.join(place, FILE_NAME)
        if os.path.lexists(path) and not os.path.isdir(path):
            name = _name(path, directory)
            return ConfigFile(path, name, read(path, name))
    return next((file for place in places if (file := _project_file(place, directory)) is not None), None)


def candidate_paths(named: str | None, directory: str, home: str, used: str | None) -> list[str]:
    """Where what is written decides on the configuration: the file that is ``used``, and all that would come before it."""
    if named is not None:
        return [_path_of(named, directory, home)]
    above = _up_to_the_root(directory)
    places = [os.path.join(place, name) for name in (FILE_NAME, PROJECT_FILE) for place in above]
    return places[: places.index(used) + 1] if used in places else places


def is_rereadable(named: str | None, directory: str, home: str) -> bool:
    """Whether what was ``named`` is a file, now that it is there, or is searched for. Nobody can read a pipe twice."""
    return named is None or os.path.isfile(_path_of(named, directory, home))


def _path_of(named: str, directory: str, home: str) -> str:
    start = os.path.join(home, named[2:]) if named.startswith("~/") else named  # no shell looks into --config=~/file
    return os.path.normpath(os.path.join(directory, start))


def _named(named: str, directory: str, home: str) -> ConfigFile:
    path = _path_of(named, directory, home)
    name = printable(named)
    values = read(path, name)
    if os.path.basename(path) != PROJECT_FILE:
        return ConfigFile(path, name, values)
    table = _tool_table(values, name)
    if table is None:
        raise ConfigError([f"{name}: there is no table [tool.reloader]: add one, or name another file"])
    return ConfigFile(path, name, table, "tool.reloader")


def _project_file(place: str, directory: str) -> ConfigFile | None:
    """The ``[tool.reloader]`` of a place. A project file that never says our name is not ours to judge."""
    path = os.path.join(place, PROJECT_FILE)
    name = _name(path, directory)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    table = _tool_table(parse(content, name), name) if b"reloader" in content else None
    return None if table is None else ConfigFile(path, name, table, "tool.reloader")


def _tool_table(values: dict[str, object], name: str) -> dict[str, object] | None:
    tool = values.get("tool", {})
    table = tool.get("reloader") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError([f"{name}: tool.reloader: {describe(table)}, expected a table, as in [tool.reloader]"])
    return table


def _up_to_the_root(directory: str) -> list[str]:
    places = list(upwards(directory))
    return places[: places.index(_project_root(directory)) + 1]


def _project_root(directory: str) -> str:
    """The nearest directory with a repository; without one, with a project; without one, ``directory`` itself."""
    for markers in (_REPOSITORIES, _PROJECTS):
        for place in upwards(directory):
            if any(os.path.lexists(os.path.join(place, marker)) for marker in markers):
                return place
    return directory


def upwards(directory: str) -> Iterator[str]:
    while True:
        yield directory
        above = os.path.dirname(directory)
        if above == directory:
            return
        directory = above


def _name(path: str, directory: str) -> str:
    """``path`` as seen from ``directory``, above or in which it lies."""
    return printable(os.path.relpath(path, directory))


def project_paths(named: str | None, directory: str, home: str) -> tuple[str, ...]:
    """Real paths, the likeliest first: of the file that was ``named``, or of all that apply in ``directory``.

    A session without a file is known by the directory that it was started in.
    """
    if named is not None:
        start = os.path.join(home, named[2:]) if named.startswith("~/") else named
        return (os.path.realpath(os.path.join(directory, start)),)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in _candidates(directory)))


def _candidates(directory: str) -> Iterator[str]:
    places = list(upwards(directory))
    for name in (FILE_NAME, PROJECT_FILE):
        yield from (path for place in places if os.path.lexists(path := os.path.join(place, name)))
    yield from places


def read(path: str, name: str) -> dict[str, object]:
    """The document at ``path``, which the user knows as ``name``."""
    return parse(_bytes(path, name), name)


def parse(content: bytes, name: str) -> dict[str, object]:
    import tomli

    try:
        return tomli.loads(content.decode("utf-8-sig"))  # Windows editors write a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = f"line {line}: the byte at offset {error.start} is not UTF-8: save the file as UTF-8"
    except tomli.TOMLDecodeError as error:
        fault = f"line {error.lineno}, column {error.colno}: {_lower(error.msg)}"
    except RecursionError:
        fault = "lists or tables are nested too deeply"
    except ValueError:
        fault = "a number has too many digits"
    raise ConfigError([f"{name}: {fault}"])


def _bytes(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise ConfigError([f"{name}: is a directory: name the file in it, as in {os.path.join(name, 'reloader.toml')}"])
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        fault = "there is no such file: check the name, or leave it out to search upwards for reloader.toml"
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except ValueError:
        fault = "holds a NUL character, which no name of a file can"
    raise ConfigError([f"{name}: {fault}"])


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
