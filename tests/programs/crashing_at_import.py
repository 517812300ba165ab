"""Ends before it has begun."""

from tests.programs.announcing import announce

announce("started")
