"""Which paths are watched: the watch set that follows from the settings and from the ignore files of their repositories."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from reloader.core.paths.containment import is_within
from reloader.core.paths.filters import PathFilter, Rule, RuleSet
from reloader.core.paths.ignores import DEFAULT_IGNORES, ignore_pattern
from reloader.core.paths.watch_set import WatchSet
from reloader.core.python_names import is_python, source_path
from reloader.core.settings import Settings, WatchSettings
from reloader.interfaces import Disk
from reloader.watchers.disk import IGNORES_CASE, read_gitignore


def session_watch_set(settings: Settings, disk: Disk) -> WatchSet:
    """Return what a session watches when it starts: of a Python program, only sources until it reports its imports."""
    watch_set = configured_watch_set(settings.watch, disk)
    watch_set.imports.python_sources_only = _is_python_program_without_patterns(settings)
    return watch_set


def configured_watch_set(settings: WatchSettings, disk: Disk) -> WatchSet:
    """Return what the patterns and ignore files select, whatever the command is.

    Rules, the weakest first: the config file itself, the default ignores, the ignore files of the repository, ``ignore``.
    """
    weaker: list[RuleSet] = []
    if settings.own_file is not None:
        rule = Rule(
            ignore_pattern(settings.own_file, settings.base, os.sep), "the config file, which reloader reloads itself"
        )
        weaker.append(RuleSet(settings.base, (rule,), ignore_case=IGNORES_CASE))
    if settings.default_ignores:
        weaker.append(RuleSet("", DEFAULT_IGNORES, ignore_case=IGNORES_CASE))
    if settings.gitignore:
        weaker += inherited_gitignore_rules(settings.roots)
    stronger = RuleSet(settings.base, settings.ignore, ignore_case=IGNORES_CASE)
    path_filter = PathFilter(
        settings.roots,
        watch=settings.watch,
        weaker=weaker,
        stronger=[stronger] if stronger else [],
        facts_of=disk.directory_facts,
        separator=os.sep,
    )
    return WatchSet(settings.roots, frozenset(_source_or_itself(path) for path in settings.extra_files), path_filter)


def ignoring_own_directory(settings: WatchSettings, directory: str | None) -> WatchSettings:
    """Return ``settings`` that also ignore ``directory``, to which reloader writes, if it lies in a root."""
    if directory is None or not any(is_within(directory, root, os.sep) for root in settings.roots):
        return settings
    rule = Rule(ignore_pattern(directory, settings.base, os.sep), "files that reloader itself writes")
    return replace(settings, ignore=(*settings.ignore, rule))


def inherited_gitignore_rules(roots: Iterable[str]) -> tuple[RuleSet, ...]:
    """Return the rules from above ``roots`` in their repositories, the strongest last (gitignore(5)).

    They come from ``.git/info/exclude`` and from each ``.gitignore`` above a root.
    """
    excludes: dict[str, RuleSet | None] = {}
    above: dict[str, RuleSet | None] = {}
    for root in roots:
        repository = _repository_of(root)
        if repository is None:
            continue
        excludes[repository] = read_gitignore(os.path.join(repository, ".git", "info", "exclude"), repository)
        directory = root
        while directory != repository:
            directory = os.path.dirname(directory)
            above[directory] = read_gitignore(os.path.join(directory, ".gitignore"), directory)
    outer_first = [above[directory] for directory in sorted(above, key=len)]
    return tuple(rules for rules in (*excludes.values(), *outer_first) if rules)


def _repository_of(directory: str) -> str | None:
    while not os.path.exists(os.path.join(directory, ".git")):
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above
    return directory


def _is_python_program_without_patterns(settings: Settings) -> bool:
    return settings.watch.watch is None and settings.python.modules and is_python(settings.launch.argv[0])


def _source_or_itself(path: str) -> str:
    source = source_path(path)
    return source if source is not None and os.path.exists(source) else path
