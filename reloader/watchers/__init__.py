"""The backends, which report where something happened, and the one module that reads the disk."""
