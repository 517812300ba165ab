"""The configuration of a session that goes on: where it is written, how that looks, in what it differs from what is in force."""

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

#: A file that is larger is no configuration, and is known by its times alone.
MAX_BYTES = 1024 * 1024


class ConfigSource:
    """Loads the configuration, and loads it again. The arguments are those of ``load``, which may raise ConfigError.

    ``initial_fingerprint`` is from before the first time, so that no save is lost in between.
    """

    def __init__(
        self, arguments: Arguments, environ: Mapping[str, str], directory: str, home: str, platform: str
    ) -> None:
        self._load = partial(load, arguments, environ, directory, home, platform)
        named = arguments.config or environ.get(CONFIG_VARIABLE) or None
        self._is_named = named is not None
        self._find = partial(find, named, directory, home)
        self._places_for = partial(candidate_paths, named, directory, home)
        first = _looks(self._places_for(None))
        # Found out now, and not later, when it may be gone for a moment.
        self._is_read_again = is_rereadable(named, directory, home)
        self.loaded = self._load()
        self.locations = self._places()
        self.initial_fingerprint: Mapping[str, object] = {path: first.get(path) for path in self.locations}

    def fingerprint(self) -> Mapping[str, object]:
        return _looks(self.locations)

    def read(self) -> tuple[Loaded, tuple[KeyChange, ...]] | None:
        """What is written now, and in what it differs; None if in nothing. Raises ConfigError, and ConfigFileMissing."""
        used = self.loaded.file
        if used is not None and self._is_gone(used):
            raise ConfigFileMissing(
                [f"[{used.table}] of {used.name}" if used.table and os.path.lexists(used.path) else used.name]
            )
        loaded = self._load()
        changes = differences(self.loaded, loaded)
        return (loaded, changes) if changes else None

    def _is_gone(self, used: ConfigFile) -> bool:
        """Whether nothing is where it was ``used``, and nothing has come before it. What lies further away is not meant."""
        if self._is_named:
            return not os.path.lexists(used.path)
        found = self._find()
        return found is None or found.path not in self.locations

    def accept(self, loaded: Loaded) -> None:
        """This is what is in force from now on."""
        self.loaded = loaded
        self.locations = self._places()

    def _places(self) -> tuple[str, ...]:
        if not self._is_read_again:
            return ()
        return tuple(self._places_for(self.loaded.file.path if self.loaded.file is not None else None))


def _looks(paths: Iterable[str]) -> dict[str, object]:
    return {path: _look(path) for path in paths}


def _look(path: str) -> object:
    """What stat says of a file, and its content, behind which no second save within one tick of a coarse clock can hide."""
    try:
        status = os.stat(path)
        facts = (S_ISREG(status.st_mode), status.st_mtime_ns, status.st_size, status.st_ino)
        if not facts[0] or status.st_size > MAX_BYTES:
            return facts
        with open(path, "rb") as file:
            return (*facts, hash(file.read()))
    except OSError as error:
        return error.errno
