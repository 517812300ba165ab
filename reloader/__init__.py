"""Runs a command and restarts it when the files that it depends on change."""

__version__ = "0.1.0"
