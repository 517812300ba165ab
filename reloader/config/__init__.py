"""Turns files, variables and flags into a Settings. No other package knows pydantic and tomli.

Nothing is imported here: ``--help`` and ``--version`` need the table of keys only.
"""
