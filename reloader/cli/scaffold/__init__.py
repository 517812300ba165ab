"""Detects the kind of a project and writes its config file, for ``reloader init``."""
