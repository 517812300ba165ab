"""Completions for each shell, made from the words that may be typed: a module of the shell's name, with ``script(verbs)``."""

SHELLS = ("bash", "zsh", "fish", "powershell")
