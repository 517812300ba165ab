"""``reloader completions``: a script with which a shell completes the command line."""

from __future__ import annotations

from reloader.cli.completions import SHELLS
from reloader.cli.subcommand import Argument, Subcommand
from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    from reloader.cli.completions.spec import subcommand_specs
    from reloader.cli.output.stdout import write
    from reloader.cli.subcommands import DEFAULT

    shell = arguments.positionals[0]
    module = __import__(f"reloader.cli.completions.{shell}", fromlist=["script"])
    write(module.script(tuple(subcommand_specs()), DEFAULT))
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=(),
    positional=Argument("SHELL", f"One of {', '.join(SHELLS)}.", choices=SHELLS),
    details="""
Prints a script that completes subcommands, flags with their values, and the command after --. Where to save it:

bash: ~/.local/share/bash-completion/completions/reloader. zsh: _reloader in a directory of $fpath, before compinit runs.
fish: ~/.config/fish/completions/reloader.fish. powershell: a file that $PROFILE reads.
""",
    examples=("reloader completions bash", "reloader completions fish > ~/.config/fish/completions/reloader.fish"),
)
