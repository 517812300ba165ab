"""Turns notices into text: for the console, JSON, the log file and desktop notifications."""
