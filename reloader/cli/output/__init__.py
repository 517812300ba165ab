"""Where facts become text: the console, JSON, the log file, desktop notifications."""
