"""Requests of other processes to a session, and the answers."""
