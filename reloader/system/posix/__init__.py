"""Processes, signals, terminal and sockets on Linux and macOS."""
