"""Variables from ``.env`` files, read by python-dotenv."""

from __future__ import annotations

from collections.abc import Iterable

from dotenv import dotenv_values

from reloader.errors import EnvironmentFileError


def read_env_files(paths: Iterable[str]) -> dict[str, str]:
    """The variables of all files, a later file wins. A file that is missing, and a name without a value, say nothing.

    Raises EnvironmentFileError for one that cannot be read.
    """
    variables: dict[str, str] = {}
    for path in paths:
        variables.update((name, value) for name, value in _read(path).items() if value is not None)
    return variables


def _read(path: str) -> dict[str, str | None]:
    try:
        return dotenv_values(path)
    except UnicodeDecodeError as error:
        fault = f"the byte at offset {error.start} is not UTF-8: save the file as UTF-8"
    except OSError as error:
        fault = f"cannot be read ({error.strerror}): mend that, or take it out of env_files"
    raise EnvironmentFileError(f"{path}: {fault}")
