"""Why a path counts or does not: the same question that is asked of each path, and each answer on the way."""

from __future__ import annotations

import os
from dataclasses import dataclass

from reloader.core.changes import PathKind
from reloader.core.notices import PathExplained
from reloader.core.paths.containment import is_within
from reloader.core.paths.filters import VIRTUALENV, Rule
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import WatchSettings
from reloader.engine.agent_reports import AgentReports
from reloader.interfaces import Disk

_KINDS = {
    PathKind.FILE: "file",
    PathKind.DIRECTORY: "directory",
    PathKind.MISSING: "missing",
    PathKind.OTHER: "other",
    PathKind.OWN_OUTPUT: "file",
}


@dataclass(frozen=True, slots=True)
class _Decision:
    is_watched: bool
    cause: str
    rule: Rule | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Explainer:
    """``program`` is that of a running session, if one is asked."""

    settings: WatchSettings
    watch_set: WatchSet
    disk: Disk
    program: AgentReports | None = None

    def explain(self, path: str, backend: str = "") -> PathExplained:
        """``path`` is absolute. ``backend`` is what would tell of a change there."""
        place = self._as_the_roots_see_it(path)
        kind = self.disk.stat(place).kind
        decision = self._decide(place, kind)
        rule = decision.rule or Rule("", "")
        real = self.disk.real_path(place)
        root = next((root for root in self.settings.roots if is_within(place, root, os.sep)), "")
        return PathExplained(
            path=place,
            kind=_KINDS[kind],
            is_watched=decision.is_watched,
            cause=decision.cause,
            pattern=rule.pattern,
            source=rule.source,
            line=rule.line,
            at=decision.at,
            target=real if real != place else "",
            root=root,
            backend=backend if decision.is_watched else "",
            importer=self.program.importers.get(place, "") if self.program is not None else "",
            is_live=self.program is not None,
        )

    def _as_the_roots_see_it(self, path: str) -> str:
        """``path`` may have been typed by way of a link above the roots; then what is really there is meant."""
        real = self.disk.real_path(path)
        is_known = self.watch_set.is_explicit(path) or self._lies_within(path)
        return real if not is_known and (self._lies_within(real) or self.watch_set.is_explicit(real)) else path

    def _lies_within(self, path: str) -> bool:
        return any(is_within(path, root, os.sep) for root in self.settings.roots)

    def _decide(self, path: str, kind: PathKind) -> _Decision:
        if kind is PathKind.OWN_OUTPUT:
            return _Decision(False, "own output")
        if path in self.watch_set.files:
            return _Decision(True, "named")
        if path in self.watch_set.imports.files:
            return _Decision(True, "imported")
        if not self._lies_within(path):
            return _Decision(False, "outside")
        if kind is PathKind.OTHER:
            return _Decision(False, "no file")
        by_rules = self._by_rules(path, is_directory=kind is PathKind.DIRECTORY)
        if kind is PathKind.DIRECTORY or not by_rules.is_watched or self.watch_set.imports.allows(path):
            return by_rules
        return _Decision(False, "not imported" if self.watch_set.imports.imports_only else "no source")

    def _by_rules(self, path: str, *, is_directory: bool) -> _Decision:
        explain = self.watch_set.filter.explain_directory if is_directory else self.watch_set.filter.explain
        verdict = explain(path)
        if verdict.rule is VIRTUALENV:
            return _Decision(False, "virtualenv", verdict.rule, verdict.at)
        if verdict.rule is not None:
            return _Decision(verdict.is_watched, "rule", verdict.rule, verdict.at)
        return _Decision(verdict.is_watched, "everything" if verdict.is_watched else "not asked for", None, verdict.at)
