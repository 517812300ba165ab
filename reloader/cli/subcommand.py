"""The declaration of a subcommand: its arguments and flags, and the function that performs it. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable

from reloader.config.arguments import Arguments

GENERAL = ("config", "quiet", "verbose", "json")
"""The names of the flags that subcommands share."""


class Flag:
    """A flag of one subcommand: ``name`` is ``after`` for ``--after``. Without ``metavar`` it takes no value."""

    __slots__ = ("about", "choices", "metavar", "name", "short")

    def __init__(
        self, name: str, about: str, *, metavar: str = "", choices: tuple[str, ...] = (), short: str = ""
    ) -> None:
        self.name = name
        self.about = about
        self.metavar = metavar or "|".join(choices)
        self.choices = choices
        self.short = short

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


class Argument:
    """A positional argument. If there are ``choices``, only these are allowed. Shells complete paths if ``is_path``."""

    __slots__ = ("about", "choices", "is_many", "is_optional", "is_path", "metavar")

    def __init__(
        self,
        metavar: str,
        about: str,
        *,
        choices: tuple[str, ...] = (),
        is_optional: bool = False,
        is_many: bool = False,
        is_path: bool = False,
    ) -> None:
        self.metavar = metavar
        self.about = about
        self.choices = choices
        self.is_optional = is_optional
        self.is_many = is_many
        self.is_path = is_path


class Subcommand:
    """``perform`` does the work and returns the exit code. A ReloaderError that it raises is shown without a traceback.

    ``general`` are the flags of GENERAL that it takes. With ``takes_keys``, every key of the configuration is a flag of it.
    With ``takes_command``, a command may follow ``--``; otherwise ``--`` only ends the flags. ``details`` are the paragraphs
    of its help, whose line breaks do not matter.
    """

    __slots__ = ("details", "examples", "flags", "general", "perform", "positional", "takes_command", "takes_keys")

    def __init__(
        self,
        perform: Callable[[Arguments], int],
        *,
        general: tuple[str, ...] = GENERAL,
        flags: tuple[Flag, ...] = (),
        positional: Argument | None = None,
        takes_keys: bool = False,
        takes_command: bool = False,
        details: str = "",
        examples: tuple[str, ...] = (),
    ) -> None:
        self.perform = perform
        self.general = general
        self.flags = flags
        self.positional = positional
        self.takes_keys = takes_keys
        self.takes_command = takes_command
        self.details = details
        self.examples = examples
