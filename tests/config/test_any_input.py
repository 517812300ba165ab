"""Any input, however strange, gives settings or an error that can be shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.config.arguments import Arguments
from reloader.config.discovery import ConfigFile, parse
from reloader.config.load import load
from reloader.config.options import KEYS, PLATFORM_TABLES, Key, Kind
from reloader.core.settings import Settings
from reloader.errors import ConfigError

PLATFORMS = st.sampled_from(["linux", "darwin", "win32", "freebsd14"])
PATTERNS = st.text(st.sampled_from("ab*?[]!#\\/.~ -:C^,\n\0é"), max_size=12)
TEXTS = st.one_of(st.text(max_size=12), PATTERNS, st.sampled_from(["2s", "SIGTERM", "stat", "bash", "'", "wait"]))
SCALARS = st.one_of(
    TEXTS, st.integers(), st.integers(-2, 300), st.floats(), st.booleans(), st.just(10**400),
    st.just(date(2020, 1, 1)), st.just(time(1, 2)), st.just(datetime(2020, 1, 1, tzinfo=timezone.utc)),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
LIKELY = {
    Kind.LIST: st.lists(PATTERNS, max_size=4),
    Kind.COMMAND: st.one_of(TEXTS, st.lists(TEXTS, max_size=3)),
    Kind.SHELL: st.one_of(TEXTS, st.booleans(), st.lists(TEXTS, max_size=3)),
    Kind.TABLE: st.dictionaries(TEXTS, TEXTS, max_size=3),
    Kind.SECONDS: st.one_of(st.floats(), st.integers(), TEXTS),
}
TABLES = st.fixed_dictionaries(
    {}, optional={name: st.one_of(LIKELY.get(key.kind, VALUES), VALUES) for name, key in KEYS.items()}
)
DOCUMENTS = st.builds(
    lambda keys, tables, others: {**others, **keys, **tables},
    TABLES,
    st.fixed_dictionaries({}, optional=dict.fromkeys(PLATFORM_TABLES, st.one_of(TABLES, VALUES))),
    st.dictionaries(TEXTS, VALUES, max_size=1),
)


def check(outcome: Settings | ConfigError) -> None:
    """An error holds a line for each problem, and every character can be printed."""
    if isinstance(outcome, ConfigError):
        assert outcome.problems
        assert all(problem and "\n" not in problem and "Input should" not in problem for problem in outcome.problems)
        str(outcome).encode()
    else:
        assert outcome.launch.argv[0]


def settings_from(
    values: dict[str, Any],
    platform: str,
    monkeypatch: pytest.MonkeyPatch,
    environ: Mapping[str, str],
    flags: Mapping[str, object],
) -> Settings | ConfigError:
    base = r"C:\work" if sys.platform == "win32" else "/proj"
    file = ConfigFile(f"{base}/reloader.toml", "reloader.toml", values)
    with monkeypatch.context() as patch:
        patch.setattr("reloader.config.load.find", lambda *place: file)
        try:
            return load(Arguments(flags=flags), environ, base, "/home/me", platform).settings
        except ConfigError as error:
            return error


@given(values=DOCUMENTS, platform=PLATFORMS)
def test_any_document_gives_settings_or_an_error(values: dict[str, Any], platform: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        check(settings_from(values, platform, patch, {}, {}))


@given(watch=st.lists(PATTERNS, max_size=5), ignore=st.lists(PATTERNS, max_size=5), platform=PLATFORMS)
def test_any_patterns_give_settings_or_an_error(watch: list[str], ignore: list[str], platform: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        check(settings_from({"command": ["x"], "watch": watch, "ignore": ignore}, platform, patch, {}, {}))


ANY_TEXT = st.one_of(TEXTS, st.text(st.characters(), max_size=8), st.sampled_from(["[", "{a=1}", "[[1]]", "a\udce9"]))

VARIABLES = st.one_of(st.sampled_from([key.variable for key in KEYS.values()]), ANY_TEXT.map("RELOADER_".__add__))


def _typed(key: Key) -> st.SearchStrategy[object]:
    return st.lists(ANY_TEXT, max_size=3) if key.kind in (Kind.LIST, Kind.TABLE) else ANY_TEXT


@given(
    platform=PLATFORMS,
    environ=st.dictionaries(VARIABLES, ANY_TEXT, max_size=5),
    flags=st.fixed_dictionaries({}, optional={name: _typed(key) for name, key in KEYS.items()}),
)
def test_any_texts_give_settings_or_an_error(platform: str, environ: dict[str, str], flags: dict[str, object]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        check(settings_from({"command": ["x"]}, platform, patch, environ, flags))


@given(st.one_of(st.binary(), st.text(st.sampled_from("[]{}=\"'#.,abc1-:T\n\r \\"), max_size=40).map(str.encode)))
def test_any_bytes_are_a_document_or_an_error(content: bytes) -> None:
    try:
        outcome: dict[str, object] | list[str] = parse(content, "x.toml")
    except ConfigError as error:
        outcome = error.problems
    assert isinstance(outcome, dict) or (len(outcome) == 1 and outcome[0].startswith("x.toml: "))
