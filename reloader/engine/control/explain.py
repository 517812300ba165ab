"""Explains why a path is watched or not, by the rules that decide on every path."""

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
    """``agent_reports`` are those of a running session, or None without one."""

    settings: WatchSettings
    watch_set: WatchSet
    disk: Disk
    agent_reports: AgentReports | None = None

    def explain(self, path: str, backend: str = "") -> PathExplained:
        """Return the explanation for the absolute ``path``. ``backend`` would report a change there."""
        path = self._as_seen_by_roots(path)
        kind = self.disk.stat(path).kind
        decision = self._decide(path, kind)
        rule = decision.rule or Rule("", "")
        real = self.disk.real_path(path)
        root = next((root for root in self.settings.roots if is_within(path, root, os.sep)), "")
        return PathExplained(
            path=path,
            kind=_KINDS[kind],
            is_watched=decision.is_watched,
            cause=decision.cause,
            pattern=rule.pattern,
            source=rule.source,
            line=rule.line,
            at=decision.at,
            target=real if real != path else "",
            root=root,
            backend=backend if decision.is_watched else "",
            importer=self.agent_reports.importers.get(path, "") if self.agent_reports is not None else "",
            is_live=self.agent_reports is not None,
        )

    def _as_seen_by_roots(self, path: str) -> str:
        """Return the real path if ``path`` leads into the roots only through a link above them; else ``path`` itself."""
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
        explanation = explain(path)
        if explanation.rule is VIRTUALENV:
            return _Decision(False, "virtualenv", explanation.rule, explanation.at)
        if explanation.rule is not None:
            return _Decision(explanation.is_watched, "rule", explanation.rule, explanation.at)
        return _Decision(
            explanation.is_watched, "everything" if explanation.is_watched else "not asked for", None, explanation.at
        )
