"""The parsed command line, before its values are checked."""

from __future__ import annotations

from collections.abc import Mapping

# A plain class: dataclasses and typing would cost `--help` more than all of its own code does.


class Arguments:
    """The parts of a command line.

    ``flags`` holds what was typed, by key: text, a boolean, or a list of texts for a flag that may be repeated.
    ``config`` is the named file. ``command`` is everything after ``--``, unchanged.

    ``options`` are the subcommand's own flags by name: text, or True. ``positionals`` are its other arguments.
    ``ends_the_process`` is True if the process exits after this command line.
    """

    __slots__ = (
        "command",
        "config",
        "ends_the_process",
        "flags",
        "json",
        "options",
        "positionals",
        "quiet",
        "subcommand",
        "verbose",
    )  # fmt: skip

    def __init__(
        self,
        *,
        subcommand: str = "run",
        config: str | None = None,
        flags: Mapping[str, object] | None = None,
        command: tuple[str, ...] = (),
        quiet: bool = False,
        verbose: bool = False,
        json: bool = False,
        options: Mapping[str, object] | None = None,
        positionals: tuple[str, ...] = (),
        ends_the_process: bool = False,
    ) -> None:
        self.subcommand = subcommand
        self.config = config
        self.flags: Mapping[str, object] = flags or {}
        self.command = command
        self.quiet = quiet
        self.verbose = verbose
        self.json = json
        self.options: Mapping[str, object] = options or {}
        self.positionals = positionals
        self.ends_the_process = ends_the_process
