"""``reloader schema``: the JSON Schema of ``reloader.toml``, for editors."""

from __future__ import annotations

from reloader.cli.subcommand import Subcommand
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
Prints the JSON Schema of reloader.toml. With it, editors complete keys, explain them and mark mistakes. Save it next to
reloader.toml and name it in the first line of that file, as reloader init does: #:schema ./reloader.schema.json
""",
    examples=("reloader schema > reloader.schema.json",),
)
