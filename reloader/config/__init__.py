"""From what was written (TOML, environment, flags) to a Settings. The only package that knows pydantic and tomli.

Nothing is imported here: ``--help`` and ``--version`` need the table of keys and must not pay for the rest.
"""
