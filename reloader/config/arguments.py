"""What the command line said, before anything is believed of it."""

from __future__ import annotations

from collections.abc import Mapping

# A plain class: dataclasses and typing would cost `--help` more than all of its own code does.


class Arguments:
    """``flags`` holds, by key, what was typed: text, a list of texts for a flag that may be repeated, or a boolean.

    ``config`` is the file that was named, ``command`` what followed ``--``, untouched. ``options`` are the flags of the verb
    alone, by name: text, or True; ``positionals`` its words that are no flags. ``ends_the_process`` says that nothing follows.
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
