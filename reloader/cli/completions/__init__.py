"""A completion script for each shell. Each has a module of its name, with a function ``script(subcommands, default)``."""

SHELLS = ("bash", "zsh", "fish", "powershell")
