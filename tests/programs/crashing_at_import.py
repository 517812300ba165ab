"""Ends as soon as it has started."""

from tests.programs.announcing import announce

announce("started")
