"""``reloader schema``: what editors need to complete and to judge ``reloader.toml``."""

from __future__ import annotations

from reloader.cli.subcommand import Subcommand

TYPE_CHECKING = False  # as in the arguments: typing costs too much for --version
if TYPE_CHECKING:
    from reloader.config.arguments import Arguments


def perform(arguments: Arguments) -> int:
    import json

    from reloader.cli.output.stdout import write
    from reloader.config.schema import schema

    write(json.dumps(schema(), indent=2) + "\n")
    return 0


SUBCOMMAND = Subcommand(
    perform,
    general=(),
    details="""
Prints the JSON Schema of reloader.toml, by which editors complete keys, explain them and mark mistakes. Write it into
a file beside reloader.toml, and name that file in the first line, as reloader init does: #:schema
./reloader.schema.json
""",
    examples=("reloader schema > reloader.schema.json",),
)
