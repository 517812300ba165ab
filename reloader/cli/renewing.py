"""The configuration of a session as the engine asks for it: with each plan comes who is told of what happens by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reloader.config.load import Loaded
from reloader.config.reload import ConfigSource
from reloader.core.settings import RunPlan, TellingPolicy
from reloader.interfaces import Look, Renewed, Reporter


class WrittenConfiguration:
    """``reporter_for`` makes the reporter of a plan; it raises ConfigError for what it cannot write to."""

    def __init__(self, source: ConfigSource, reporter_for: Callable[[TellingPolicy], Reporter]) -> None:
        self._source = source
        self._reporter_for = reporter_for
        self._newest: Loaded = source.loaded

    @property
    def plan(self) -> RunPlan:
        return self._source.loaded.plan

    @property
    def source(self) -> str:
        return self.plan.source

    @property
    def places(self) -> Sequence[str]:
        return self._source.places

    @property
    def first_look(self) -> Look:
        return self._source.first_look

    def look(self) -> Look:
        return self._source.look()

    def read(self) -> Renewed | None:
        found = self._source.read()
        if found is None:
            return None
        loaded, changes = found
        renewed = Renewed(loaded.plan, changes, self._reporter_for(loaded.plan.telling))
        self._newest = loaded
        return renewed

    def accept(self, renewed: Renewed) -> None:
        """Of what was read, the newest is what is accepted."""
        self._source.accept(self._newest)
