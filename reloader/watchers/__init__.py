"""Backends that say where something happened, and the one place that looks at the disk."""
