"""Processes, console and pipes on Windows."""
