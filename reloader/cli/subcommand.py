"""What a verb is: the words that it takes, and the function that does it. Costs nothing to import."""

from __future__ import annotations

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from collections.abc import Callable

    from reloader.config.arguments import Arguments

GENERAL = ("config", "quiet", "verbose", "json")
"""The names of the flags that verbs share."""


class Flag:
    """A flag of one verb: ``name`` is ``after`` for ``--after``. Without ``metavar`` it takes no value."""

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
    """The words that are no flags. Only ``choices`` are allowed, if there are any; ``is_path`` is for those who complete it."""

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
    """``perform`` does it and returns the exit code. It may raise what is shown without a traceback: a ReloaderError.

    ``general`` are those of GENERAL that it takes. ``takes_keys`` says whether every key of the configuration is a flag of it,
    ``takes_command`` whether a command may follow ``--``; if none may, ``--`` only says that no flag follows. ``details`` are
    paragraphs of its help, however they are broken into lines.
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
