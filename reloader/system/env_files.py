"""Variables from ``.env`` files, read by python-dotenv."""

from __future__ import annotations

from collections.abc import Iterable

from dotenv import dotenv_values


def read_env_files(paths: Iterable[str]) -> dict[str, str]:
    """The variables of all files, a later file wins. A file that is missing, and a name without a value, say nothing."""
    variables: dict[str, str] = {}
    for path in paths:
        variables.update((name, value) for name, value in dotenv_values(path).items() if value is not None)
    return variables
