"""The errors that a user can repair. Each has the exit code with which reloader ends."""

from __future__ import annotations


class ReloaderError(Exception):
    """The text names the place and the remedy. It is shown without a traceback."""

    exit_code = 2


class ConfigError(ReloaderError):
    """The configuration is invalid. ``problems`` holds a line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigFileMissing(ConfigError):
    """The file or table that the configuration was read from was removed. ``problems`` names it."""


class EnvironmentVariableError(ReloaderError):
    """An environment variable cannot be passed to a process."""


class EnvironmentFileError(ReloaderError):
    """A file of environment variables cannot be read."""


class BackendUnavailable(ReloaderError):
    """The requested backend cannot be used here."""

    def __init__(self, backend: str, cause: str, remedy: str) -> None:
        super().__init__(f'backend = "{backend}" cannot be used: {cause}. {remedy}')
        self.backend, self.cause, self.remedy = backend, cause, remedy
