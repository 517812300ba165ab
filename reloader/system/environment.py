"""Build the environment of a child: the inherited one, cleaned of our packaging, with the user's additions.

``child_environment`` is a pure function of its arguments, so that each platform's half is tested on every platform.
Nothing here changes ``os.environ``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reloader.core.paths.containment import is_within
from reloader.errors import EnvironmentFileError, EnvironmentVariableError

Text = str | bytes
Variables = Mapping[str, Text] | Mapping[bytes, Text] | Mapping[Text, Text]
#: Name and value, by the key that the platform compares names with.
_ByKey = dict[str, tuple[str, str]]

_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
#: A surrogate that is neither half of a character nor an escaped byte (``surrogateescape``).
_LONE_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")

#: Variables of PyInstaller's bootloader. A frozen program that we start would take them for its own.
_PYINSTALLER_NAMES = ("_PYI_", "_MEIPASS")
#: The suffix of a variable that keeps the user's value of a library path, which the bootloader has extended.
_ORIGINAL = "_ORIG"
#: The variable with the directory that a onefile build was unpacked to.
_UNPACKED_TO = "_PYI_APPLICATION_HOME_DIR"


def child_environment(
    inherited: Variables,
    additions: Variables,
    *,
    platform: str,
    bundle: str | None = None,
) -> dict[str, str]:
    """Return the environment for a child on ``platform``, a value of ``sys.platform``.

    It is ``inherited``, cleaned, with ``additions``, which win. ``bundle`` is the directory in which a frozen program keeps
    its libraries (``sys._MEIPASS``). Its entries are removed from the search paths: a child would load our libraries
    instead of its own. An inherited variable without a name is dropped, since no program can ask for it. Raises
    EnvironmentVariableError for a variable that no process can have.
    """
    dialect = _WINDOWS if platform == "win32" else _POSIX
    named: dict[Text, Text] = {name: value for name, value in inherited.items() if name}
    ours = _normalised(named, dialect, "Unset it where reloader is started.")
    theirs = _normalised(additions, dialect, "Correct it in env or in the env file.")
    if bundle is not None:
        ours = _without_bundle(ours, bundle, dialect)
    variables = {key: variable for key, variable in {**ours, **theirs}.items() if not _is_of_bootloader(key, bundle)}
    return dict(variables.values())


@dataclass(frozen=True, slots=True)
class _Dialect:
    """The rules of one platform for environments."""

    text: Callable[[Text], str]  # the representation of a name or value
    key: Callable[[str], str]  # names with the same key are one variable
    directory: Callable[[str], str]  # entries of a search path with the same answer are one directory
    separator: str  # between the entries of a search path
    hides_names: bool  # a name may begin with "="


def _normalised(variables: Variables, dialect: _Dialect, remedy: str) -> _ByKey:
    normalised: _ByKey = {}
    for raw_name, raw_value in variables.items():
        name, value = dialect.text(raw_name), dialect.text(raw_value)
        fault = _fault(name, value, dialect)
        if fault is not None:
            raise EnvironmentVariableError(
                f"the environment variable {name!r} cannot be passed to a command: {fault}. {remedy}"
            )
        normalised[dialect.key(name)] = (name, value)
    return normalised


def _fault(name: str, value: str, dialect: _Dialect) -> str | None:
    """Return why no process can have this variable, or None. The text does not contain the value: it may be secret."""
    if not name:
        return "its name is empty"
    if "=" in (name[1:] if dialect.hides_names else name):
        return "its name contains '='"
    if "\0" in name:
        return "its name contains a NUL character"
    return "its value contains a NUL character" if "\0" in value else None


def _is_of_bootloader(key: str, bundle: str | None) -> bool:
    """Return True if only PyInstaller's bootloader uses this variable."""
    return key.startswith(_PYINSTALLER_NAMES) or (
        bundle is not None and key.endswith(_ORIGINAL) and _is_library_path(key.removesuffix(_ORIGINAL))
    )


def _is_library_path(key: str) -> bool:
    return key in ("LD_LIBRARY_PATH", "LIBPATH") or key.startswith("DYLD_")


def _without_bundle(variables: _ByKey, bundle: str, dialect: _Dialect) -> _ByKey:
    """Restore the library paths from before PyInstaller, and remove the bundle from all search paths."""
    _, unpacked_to = variables.get(_UNPACKED_TO, ("", ""))
    ours = {dialect.directory(directory) for directory in (bundle, unpacked_to)} - {""}
    restored = variables | _originals(variables)
    cleaned: _ByKey = {}
    for key, (name, value) in restored.items():
        kept = _without_entries(value, ours, dialect) if key == "PATH" or _is_library_path(key) else value
        if kept is not None:
            cleaned[key] = (name, kept)
    return cleaned


def _originals(variables: _ByKey) -> _ByKey:
    return {
        key.removesuffix(_ORIGINAL): (name[: -len(_ORIGINAL)], value)
        for key, (name, value) in variables.items()
        if key.endswith(_ORIGINAL) and _is_library_path(key.removesuffix(_ORIGINAL))
    }


def _without_entries(search_path: str, directories: set[str], dialect: _Dialect) -> str | None:
    """Remove the entries in ``directories`` from ``search_path``. Return None if no entry is left."""
    entries = search_path.split(dialect.separator)
    kept = [entry for entry in entries if not _lies_in(dialect.directory(entry), directories)]
    return dialect.separator.join(kept) if kept else None


def _lies_in(entry: str, directories: set[str]) -> bool:
    return any(is_within(entry, directory) for directory in directories)


def _posix_text(value: Text) -> str:
    """Return the canonical string, in this process, of the bytes that a POSIX process will see."""
    return _posix_bytes(value).decode(sys.getfilesystemencoding(), "surrogateescape")


def _posix_bytes(value: Text) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return value.encode(sys.getfilesystemencoding(), "surrogateescape")
    except UnicodeEncodeError:  # half a character, or one that the locale lacks: most programs read UTF-8
        return "\ufffd".join(_LONE_SURROGATE.split(_with_whole_characters(value))).encode("utf-8", "surrogateescape")


def _windows_text(value: Text) -> str:
    """Return valid text, as the Unicode interface of Windows needs it. Fall back to ISO-8859-1, as Werkzeug does."""
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    return "\ufffd".join(_unescaped(part) for part in _LONE_SURROGATE.split(_with_whole_characters(text)))


def _with_whole_characters(text: str) -> str:
    """Replace each pair of surrogates by the character that it encodes."""
    return _SURROGATE_PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _unescaped(text: str) -> str:
    """Decode the bytes that were escaped because they could not be decoded."""
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")


def _windows_key(name: str) -> str:
    return "".join(map(_windows_upper, name))


def _windows_upper(character: str) -> str:
    """Return the upper case by which Windows compares names: one character for one, and never from outside ASCII into it."""
    upper = character.upper()
    return upper if len(upper) == 1 and upper.isascii() == character.isascii() else character


def _windows_directory(entry: str) -> str:
    return _windows_key(entry.strip().strip('"')).replace("\\", "/").rstrip("/")


_POSIX = _Dialect(_posix_text, str, lambda entry: entry.rstrip("/"), ":", hides_names=False)
_WINDOWS = _Dialect(_windows_text, _windows_key, _windows_directory, ";", hides_names=True)


if sys.platform == "win32":
    from reloader.system import _winapi

    def inherited_environment() -> dict[str, str]:
        """Return a copy of our environment, with the names that begin with ``=``, which Python leaves out."""
        return {**_hidden(_winapi.environment_strings()), **os.environ}

    def _hidden(strings: list[str]) -> dict[str, str]:
        """Select the names with ``=``: Windows keeps the directory of each drive there, and cmd its last exit code."""
        pairs = (text[1:].partition("=") for text in strings if text.startswith("="))
        return {"=" + name: value for name, _, value in pairs}

else:

    def inherited_environment() -> dict[str, str]:
        """Return a copy of our environment."""
        return dict(os.environ)


def read_env_files(paths: Iterable[str]) -> dict[str, str]:
    """Return the variables of all files; a later file wins. Ignore a missing file, and a name without a value.

    Raises EnvironmentFileError for a file that cannot be read.
    """
    variables: dict[str, str] = {}
    for path in paths:
        variables.update((name, value) for name, value in _read(path).items() if value is not None)
    return variables


def _read(path: str) -> dict[str, str | None]:
    from dotenv import dotenv_values  # costs 40 ms, so only where there is a file to read

    try:
        return dotenv_values(path)
    except UnicodeDecodeError as error:
        fault = f"the byte at offset {error.start} is not UTF-8. Save the file as UTF-8"
    except OSError as error:
        fault = f"cannot be read ({error.strerror}). Correct that, or remove the file from env_files"
    raise EnvironmentFileError(f"{path}: {fault}")
