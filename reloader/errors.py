"""What can go wrong before a child is started. Each error knows its exit code."""

from __future__ import annotations


class ReloaderError(Exception):
    """An error that the user can mend: its text names the place and the remedy, and is shown without a traceback."""

    exit_code = 2


class ConfigError(ReloaderError):
    """One or more faults in what was configured. ``problems`` holds a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigFileMissing(ConfigError):
    """What the configuration was read from, as ``problems`` name it, is there no more."""


class EnvironmentVariableError(ReloaderError):
    """A variable that no process can be given."""


class EnvironmentFileError(ReloaderError):
    """A file of variables that cannot be read."""


class BackendUnavailable(ReloaderError):
    """The backend that was asked for cannot be used here."""

    def __init__(self, backend: str, cause: str, remedy: str) -> None:
        super().__init__(f'backend = "{backend}" cannot be used: {cause}. {remedy}')
        self.backend, self.cause, self.remedy = backend, cause, remedy
