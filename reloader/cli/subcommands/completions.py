"""``reloader completions``: what a shell needs to complete our words."""

from __future__ import annotations

from reloader.cli.completions import SHELLS
from reloader.cli.subcommand import Argument, Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
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
Prints completions for a shell: of verbs, of flags with their values, and behind -- of the command.

bash: into ~/.local/share/bash-completion/completions/reloader. zsh: into a directory of $fpath, as _reloader, before
compinit. fish: into ~/.config/fish/completions/reloader.fish. powershell: into a file that $PROFILE reads.
""",
    examples=("reloader completions bash", "reloader completions fish > ~/.config/fish/completions/reloader.fish"),
)
