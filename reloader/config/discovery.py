"""Finds the config file: a named one, or the one that a search upwards meets before it leaves the project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from reloader.config.messages import describe, printable
from reloader.errors import ConfigError

FILE_NAME = "reloader.toml"
PROJECT_FILE = "pyproject.toml"

_REPOSITORY_MARKERS = (".git", ".hg", ".jj")
_PROJECT_MARKERS = (PROJECT_FILE, "setup.py", "package.json")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The keys of a file as they are written.

    ``name`` is the file for the user. ``table`` is the table that holds the keys, or empty.
    """

    path: str
    name: str
    values: dict[str, object]
    table: str = ""


def find(named: str | None, directory: str, home: str) -> ConfigFile | None:
    """Read the ``named`` file, or else the one that applies in ``directory``. Return None if there is none.

    Raises ConfigError.
    """
    if named is not None:
        return _named(named, directory, home)
    folders = _search_path(directory)
    for folder in folders:
        path = os.path.join(folder, FILE_NAME)
        if os.path.lexists(path) and not os.path.isdir(path):
            name = _name(path, directory)
            return ConfigFile(path, name, read(path, name))
    return next((file for folder in folders if (file := _project_file(folder, directory)) is not None), None)


def candidate_paths(named: str | None, directory: str, home: str, used: str | None) -> list[str]:
    """Return the paths whose content decides on the configuration: the ``used`` file, and all that would come before it."""
    if named is not None:
        return [_path_of(named, directory, home)]
    folders = _search_path(directory)
    paths = [os.path.join(folder, name) for name in (FILE_NAME, PROJECT_FILE) for folder in folders]
    return paths[: paths.index(used) + 1] if used in paths else paths


def is_rereadable(named: str | None, directory: str, home: str) -> bool:
    """Return True if the configuration can be read a second time. A pipe cannot. Ask while the file exists."""
    return named is None or os.path.isfile(_path_of(named, directory, home))


def below_home(path: str, separators: str = "/") -> str | None:
    """Return the part of ``~/path`` that follows the home directory, or None for a path without ``~``.

    No shell expands the ``~`` of ``--config=~/file``, nor one in a config file.
    """
    return path[2:] if path == "~" or path.startswith(tuple("~" + one for one in separators)) else None


def _path_of(named: str, directory: str, home: str) -> str:
    below = below_home(named)
    return os.path.normpath(os.path.join(directory, named) if below is None else os.path.join(home, below))


def _named(named: str, directory: str, home: str) -> ConfigFile:
    path = _path_of(named, directory, home)
    name = printable(named)
    values = read(path, name)
    if os.path.basename(path) != PROJECT_FILE:
        return ConfigFile(path, name, values)
    table = _tool_table(values, name)
    if table is None:
        raise ConfigError([f"{name}: has no table [tool.reloader]: add it, or name another file"])
    return ConfigFile(path, name, table, "tool.reloader")


def _project_file(folder: str, directory: str) -> ConfigFile | None:
    """Return the ``[tool.reloader]`` of a folder. A project file without the word ``reloader`` is not parsed."""
    path = os.path.join(folder, PROJECT_FILE)
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


def _search_path(directory: str) -> list[str]:
    """Return ``directory`` and its parents, up to the root of the project."""
    folders = list(_upwards(directory))
    return folders[: folders.index(_project_root(directory)) + 1]


def _project_root(directory: str) -> str:
    """Return the nearest directory with a repository, else with a project, else ``directory`` itself."""
    for markers in (_REPOSITORY_MARKERS, _PROJECT_MARKERS):
        for folder in _upwards(directory):
            if any(os.path.lexists(os.path.join(folder, marker)) for marker in markers):
                return folder
    return directory


def _upwards(directory: str) -> Iterator[str]:
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def _name(path: str, directory: str) -> str:
    """Return ``path`` relative to ``directory``, above or in which it lies."""
    return printable(os.path.relpath(path, directory))


def project_paths(named: str | None, directory: str, home: str) -> tuple[str, ...]:
    """Return the real paths by which sessions may be known here, the likeliest first.

    That is the ``named`` file, or else each file that applies in ``directory``, then the directories: a session without
    a config file is known by the directory that it was started in.
    """
    if named is not None:
        return (os.path.realpath(_path_of(named, directory, home)),)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in _session_paths(directory)))


def _session_paths(directory: str) -> Iterator[str]:
    folders = list(_upwards(directory))
    for name in (FILE_NAME, PROJECT_FILE):
        yield from (path for folder in folders if os.path.lexists(path := os.path.join(folder, name)))
    yield from folders


def read(path: str, name: str) -> dict[str, object]:
    """Return the document at ``path``. Raises ConfigError, which calls the file ``name``."""
    return parse(_bytes(path, name), name)


def parse(content: bytes, name: str) -> dict[str, object]:
    """Return the TOML document in ``content``. Raises ConfigError, which calls the file ``name``."""
    import tomli

    try:
        return tomli.loads(content.decode("utf-8-sig"))  # Windows editors write a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"line {line}: the byte at offset {error.start} is not UTF-8: save the file as UTF-8"
    except tomli.TOMLDecodeError as error:
        problem = f"line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"
    except RecursionError:
        problem = "lists or tables are nested too deeply: nest them less"
    except ValueError:
        problem = "a number has too many digits: write a shorter one"
    raise ConfigError([f"{name}: {problem}"])


def _bytes(path: str, name: str) -> bytes:
    if os.path.isdir(path):
        raise ConfigError([f"{name}: is a directory: name the file in it, as in {os.path.join(name, FILE_NAME)}"])
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        problem = f"does not exist: check the name, or leave it out to search upwards for {FILE_NAME}"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except ValueError:
        problem = "contains a NUL character, which file names cannot: remove it"
    raise ConfigError([f"{name}: {problem}"])
