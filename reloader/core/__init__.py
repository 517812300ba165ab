"""Values and decisions. Nothing in this package reads a clock, a file or a process."""
