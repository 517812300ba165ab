"""The filter: gitignore patterns decide which paths are watched, in one dialect for ``watch`` and ``ignore``.

Patterns are matched level by level. An ignored directory is never entered, so nothing below it has to be matched. A
pattern is matched against the name or the path of one entry only. Each decision comes with its rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from reloader.core.paths.globs import DIRECTORY_MARK, regular_expression


class PatternError(ValueError):
    """A pattern that cannot be parsed, or that matches nothing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern, with the file and the line (0: unknown) where it is written."""

    pattern: str
    source: str
    line: int = 0

    @property
    def negates(self) -> bool:
        return self.pattern.startswith("!")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision on a path, with the rule behind it, if any. ``at`` is the path that the rule matched, or a directory above."""

    is_watched: bool
    rule: Rule | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryFacts:
    """The contents of a directory that matter to the rules in it."""

    gitignore: RuleSet | None = None
    is_virtualenv: bool = False


NO_FACTS = DirectoryFacts()
VIRTUALENV = Rule("pyvenv.cfg", "a virtual environment")


class RuleSet:
    """The patterns of one source, relative to ``base``. The last match wins. Most patterns match names only.

    An empty base stands for the whole disk. Raises PatternError for an invalid pattern, unless ``lenient``, as git is with a
    ``.gitignore``. With ``ignore_case`` patterns match as on Windows.
    """

    def __init__(self, base: str, rules: Iterable[Rule], *, lenient: bool = False, ignore_case: bool = False) -> None:
        self.base = base
        self._by_name: list[tuple[int, Rule, re.Pattern[str]]] = []
        self._by_path: list[tuple[int, Rule, re.Pattern[str]]] = []
        self._names: dict[str, tuple[int, Rule] | None] = {}
        for order, rule in enumerate(rules):
            compiled = _compile(rule, lenient=lenient, ignore_case=ignore_case)
            if compiled is not None:
                target = self._by_path if "/" in rule.pattern.rstrip("/") else self._by_name
                target.append((order, rule, compiled))
        self._any_name = _any_of(compiled for _, _, compiled in self._by_name)
        self._any_path = _any_of(compiled for _, _, compiled in self._by_path)
        self.has_path_patterns = bool(self._by_path)

    def __bool__(self) -> bool:
        return bool(self._by_name or self._by_path)

    def rule_for(self, name: str, relative: str | None, *, is_directory: bool) -> Rule | None:
        """Return the rule that decides on the entry ``name``, or None.

        ``relative`` is its path from the base, with ``/``, or None outside of the base.
        """
        found = self._name_rule(name + "/" if is_directory else name) if self._by_name else None
        if self._by_path and relative is not None:
            subject = relative + "/" if is_directory else relative
            if self._any_path.match(subject):
                other = _last_match(self._by_path, subject)
                if other is not None and (found is None or other[0] > found[0]):
                    found = other
        return found[1] if found is not None else None

    def _name_rule(self, subject: str) -> tuple[int, Rule] | None:
        """Return the last rule that matches a name, and its position. Names repeat in a tree, so answers are cached."""
        try:
            return self._names[subject]
        except KeyError:
            found = _last_match(self._by_name, subject) if self._any_name.match(subject) else None
            if len(self._names) < 4096:
                self._names[subject] = found
            return found


def _compile(rule: Rule, *, lenient: bool = False, ignore_case: bool = False) -> re.Pattern[str] | None:
    try:
        expression = regular_expression(rule.pattern)
    except ValueError:
        if lenient:
            return None
        raise PatternError(f"{rule.pattern!r} is not a gitignore pattern") from None
    if expression is None:
        if lenient:
            return None
        raise PatternError(f"{rule.pattern!r} matches nothing. Write '\\#' for a leading '#', and close every '['")
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _any_of(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str]:
    """Return one expression that matches if any of ``patterns`` can match: most entries match none."""
    patterns = tuple(patterns)
    either = "|".join(f"(?:{pattern.pattern})" for pattern in patterns).replace(f"(?P<{DIRECTORY_MARK}>", "(?:")
    return re.compile(either, patterns[0].flags if patterns else 0)


def _last_match(patterns: Sequence[tuple[int, Rule, re.Pattern[str]]], subject: str) -> tuple[int, Rule] | None:
    for order, rule, pattern in reversed(patterns):
        match = pattern.match(subject)
        if match is not None and _matches_entry_itself(match, subject):
            return order, rule
    return None


def _matches_entry_itself(match: re.Match[str], subject: str) -> bool:
    """Return True if the pattern matched this entry, and not a directory above it, which was decided before.

    ``x/**`` means everything inside ``x`` but not ``x`` itself, whose subject ``x/`` it would match to the end.
    """
    if DIRECTORY_MARK in match.re.groupindex:
        return match.start(DIRECTORY_MARK) in (-1, len(subject) - 1)
    return match.end() < len(subject) or not subject.endswith("/")


@dataclass(frozen=True, slots=True)
class Patterns:
    """The ``watch`` list, relative to ``base``. Everything below a directory that it matches is watched."""

    base: str
    rules: tuple[Rule, ...]
    ignore_case: bool = False
    _compiled: tuple[tuple[Rule, re.Pattern[str]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = [(rule, _compile(rule, ignore_case=self.ignore_case)) for rule in self.rules]
        object.__setattr__(self, "_compiled", tuple((rule, regex) for rule, regex in compiled if regex is not None))

    def rule_for(self, relative: str) -> Rule | None:
        for rule, pattern in reversed(self._compiled):
            if pattern.match(relative):
                return rule
        return None


FactsOf = Callable[[str], DirectoryFacts]


class PathFilter:
    """Decides on the paths below ``roots``.

    The rule sets of ``weaker`` and ``stronger`` apply everywhere, the last of each overriding the others. A ``.gitignore``
    overrides the weaker and is overridden by the stronger ones. ``facts_of`` reads a directory; its results are cached until
    ``forget``. With ``watch`` None everything that is not ignored is watched.
    """

    def __init__(
        self,
        roots: Iterable[str],
        *,
        watch: Sequence[Patterns] | None = None,
        weaker: Sequence[RuleSet] = (),
        stronger: Sequence[RuleSet] = (),
        facts_of: FactsOf = lambda directory: NO_FACTS,
        separator: str = "/",
    ) -> None:
        self._roots = frozenset(root.rstrip(separator) for root in roots)
        self._watch = watch
        self._weaker = tuple(reversed(weaker))
        self._stronger = tuple(reversed(stronger))
        self._facts_of = facts_of
        self._separator = separator
        self._verdicts: dict[str, tuple[Verdict, tuple[RuleSet, ...]]] = {}

    def descends_into(self, directory: str) -> bool:
        """Return True if files in ``directory`` can be watched."""
        return self._directory(directory.rstrip(self._separator))[0].is_watched

    def is_watched(self, path: str) -> bool:
        """Return True if the file ``path`` is watched. The same answer as ``explain`` at half the cost."""
        parent, _, name = path.rpartition(self._separator)
        above, chain = self._directory(parent)
        if not above.is_watched:
            return False
        rule = self._ignoring_rule(path, name, chain, is_directory=False)
        if rule is not None and not rule.negates:
            return False
        return self._watch is None or self._watch_verdict(path).is_watched

    def matcher_for(self, directory: str) -> Callable[[str], bool]:
        """Return ``is_watched`` for the names in ``directory``. What they have in common is computed once."""
        above, chain = self._directory(directory.rstrip(self._separator))
        if not above.is_watched:
            return lambda name: False
        inside = directory if directory.endswith(self._separator) else directory + self._separator
        sets = [(rules, self._relative(inside, rules.base) if rules.has_path_patterns else None) for rules in chain]

        def is_watched(name: str) -> bool:
            for rules, prefix in sets:
                rule = rules.rule_for(name, None if prefix is None else prefix + name, is_directory=False)
                if rule is not None:
                    if not rule.negates:
                        return False
                    break
            return self._watch is None or self._watch_verdict(inside + name).is_watched

        return is_watched

    def explain(self, path: str) -> Verdict:
        """Return the verdict on the file ``path``, with the rule behind it."""
        parent, _, name = path.rpartition(self._separator)
        above, chain = self._directory(parent)
        if not above.is_watched:
            return above
        rule = self._ignoring_rule(path, name, chain, is_directory=False)
        if rule is not None and not rule.negates:
            return Verdict(False, rule, path)
        if self._watch is None:
            return Verdict(True, rule, path)
        return self._watch_verdict(path)

    def explain_directory(self, directory: str) -> Verdict:
        """Return the verdict on the files in ``directory``, with the rule behind it."""
        return self._directory(directory.rstrip(self._separator))[0]

    def is_explicitly_ignored(self, path: str) -> bool:
        """Return True if one of the stronger rules ignores ``path`` or a directory above it, also outside of the roots."""
        return any(self._is_ignored_by(rules, path) for rules in self._stronger)

    def _is_ignored_by(self, rules: RuleSet, path: str) -> bool:
        parts, base = path.split(self._separator), rules.base.split(self._separator)
        shared = next(
            (number for number, (one, other) in enumerate(zip(parts, base, strict=False)) if one != other), len(base)
        )
        for end in range(shared + 1, len(parts) + 1):
            entry = self._separator.join(parts[:end])
            rule = self._ignoring_rule(entry, parts[end - 1], (rules,), is_directory=end < len(parts))
            if rule is not None and not rule.negates:
                return True
        return False

    def forget(self) -> None:
        """Drop all cached results: a ``.gitignore`` has changed."""
        self._verdicts.clear()

    def _watch_verdict(self, path: str) -> Verdict:
        for patterns in self._watch or ():
            relative = self._relative(path, patterns.base)
            rule = patterns.rule_for(relative) if relative is not None else None
            if rule is not None:
                return Verdict(not rule.negates, rule, path)
        return Verdict(False, None, path)

    def _directory(self, directory: str) -> tuple[Verdict, tuple[RuleSet, ...]]:
        """Return the verdict on a directory, and the rule sets in force in it, strongest first."""
        known = self._verdicts.get(directory)
        if known is None:
            known = self._verdicts[directory] = self._decide(directory)
        return known

    def _decide(self, directory: str) -> tuple[Verdict, tuple[RuleSet, ...]]:
        parent, _, name = directory.rpartition(self._separator)
        if directory in self._roots:
            return self._with_gitignore(directory, Verdict(True, None, directory), (*self._stronger, *self._weaker))
        if not directory:  # above the root of the disk, which is outside of all roots
            return Verdict(False, None, directory), ()
        above, chain = self._directory(parent)
        if not above.is_watched:
            return above, ()
        rule = self._ignoring_rule(directory, name, chain, is_directory=True)
        if rule is not None and not rule.negates:
            return Verdict(False, rule, directory), ()
        return self._with_gitignore(directory, Verdict(True, rule, directory), chain)

    def _with_gitignore(
        self, directory: str, verdict: Verdict, chain: tuple[RuleSet, ...]
    ) -> tuple[Verdict, tuple[RuleSet, ...]]:
        facts = self._facts_of(directory)
        if facts.is_virtualenv and directory not in self._roots and verdict.rule is None:
            return Verdict(False, VIRTUALENV, directory), ()
        if facts.gitignore is None:
            return verdict, chain
        here = len(self._stronger)
        return verdict, (*chain[:here], facts.gitignore, *chain[here:])

    def _ignoring_rule(self, path: str, name: str, chain: tuple[RuleSet, ...], *, is_directory: bool) -> Rule | None:
        for rules in chain:
            relative = self._relative(path, rules.base) if rules.has_path_patterns else None
            rule = rules.rule_for(name, relative, is_directory=is_directory)
            if rule is not None:
                return rule
        return None

    def _relative(self, path: str, base: str) -> str | None:
        """Return ``path`` relative to ``base``, with ``/``, or None outside of it."""
        if base and not path.startswith(base.rstrip(self._separator) + self._separator):
            return None
        relative = path[len(base) :].lstrip(self._separator)
        return relative if self._separator == "/" else relative.replace(self._separator, "/")
