"""Loads the configuration again while a session runs, and finds what differs from the one in force."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from stat import S_ISREG

from reloader.config.arguments import Arguments
from reloader.config.discovery import ConfigFile, candidate_paths, find, is_rereadable
from reloader.config.effective import differences
from reloader.config.load import Loaded, load
from reloader.config.options import CONFIG_VARIABLE
from reloader.core.notices import KeyChange
from reloader.errors import ConfigFileMissing

#: A larger file is unlikely to be a configuration. Its fingerprint is its status alone.
MAX_BYTES = 1024 * 1024


class ConfigSource:
    """The place of the configuration. The arguments are those of ``load``. Raises ConfigError if the first load fails.

    ``locations`` are the files whose content decides on the configuration. ``initial_fingerprint`` is from before the
    first load, so that no save is lost in between.
    """

    def __init__(
        self, arguments: Arguments, environ: Mapping[str, str], directory: str, home: str, platform: str
    ) -> None:
        self._load = partial(load, arguments, environ, directory, home, platform)
        named = arguments.config or environ.get(CONFIG_VARIABLE) or None
        self._is_named = named is not None
        self._find = partial(find, named, directory, home)
        self._candidates = partial(candidate_paths, named, directory, home)
        before = _fingerprints(self._candidates(None))
        # Found out now, and not later, when the file may be missing for a moment.
        self._is_rereadable = is_rereadable(named, directory, home)
        self.loaded = self._load()
        self.locations = self._used_locations()
        self.initial_fingerprint: Mapping[str, object] = {path: before.get(path) for path in self.locations}

    def fingerprint(self) -> Mapping[str, object]:
        """Return a value for each of ``locations`` that is another one after a save."""
        return _fingerprints(self.locations)

    def read(self) -> tuple[Loaded, tuple[KeyChange, ...]] | None:
        """Load again. Return the result and its differences, or None if there are none.

        Raises ConfigError, and ConfigFileMissing.
        """
        used = self.loaded.file
        if used is not None and self._is_missing(used):
            has_lost_table = used.table and os.path.lexists(used.path)
            raise ConfigFileMissing([f"[{used.table}] of {used.name}" if has_lost_table else used.name])
        loaded = self._load()
        changes = differences(self.loaded, loaded)
        return (loaded, changes) if changes else None

    def _is_missing(self, used: ConfigFile) -> bool:
        """Return True if the ``used`` file is missing and no file before it has appeared. A file after it is not used."""
        if self._is_named:
            return not os.path.lexists(used.path)
        file = self._find()
        return file is None or file.path not in self.locations

    def accept(self, loaded: Loaded) -> None:
        """Put ``loaded`` in force: later loads are compared with it."""
        self.loaded = loaded
        self.locations = self._used_locations()

    def _used_locations(self) -> tuple[str, ...]:
        if not self._is_rereadable:
            return ()
        return tuple(self._candidates(self.loaded.file.path if self.loaded.file is not None else None))


def _fingerprints(paths: Iterable[str]) -> dict[str, object]:
    return {path: _fingerprint(path) for path in paths}


def _fingerprint(path: str) -> object:
    """Return the status of a file and a hash of its content: a coarse clock may miss the second of two saves."""
    try:
        status = os.stat(path)
        facts = (S_ISREG(status.st_mode), status.st_mtime_ns, status.st_size, status.st_ino)
        if not facts[0] or status.st_size > MAX_BYTES:
            return facts
        with open(path, "rb") as file:
            return (*facts, hash(file.read()))
    except OSError as error:
        return error.errno
