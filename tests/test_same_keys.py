"""Help, manual, schema, example file, the page of the configuration and completions: none has a key that another lacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from reloader.cli.completions.spec import subcommand_specs
from reloader.cli.help import full_help, short_help
from reloader.cli.man_page import manual
from reloader.cli.subcommands import DEFAULT, SUBCOMMANDS
from reloader.config.model import Config
from reloader.config.options import KEYS, PLATFORM_TABLES, TABLES
from reloader.config.schema import schema
from tests.config.test_options_and_example import by_name, example_with_everything_uncommented
from tests.support.pages import rows, section, text_of
from tests.test_docs import keys_in

FLAG = re.compile(r"^  (?:-\w, )?(--[a-z-]+)", re.MULTILINE)
GENERAL = {"--config", "--quiet", "--verbose", "--json", "--version", "--help"}


def in_help() -> set[str]:
    """The keys whose flags begin a line."""
    return {_key(flag) for flag in FLAG.findall(full_help()) if flag not in GENERAL}


def in_manual() -> set[str]:
    options = manual().partition(".SH OPTIONS")[2].partition(".SH FILES")[0].replace("\\-", "-")
    flags = re.findall(r"^\.B (?:-\w, )?(--[a-z-]+)", options, re.MULTILINE)
    return {_key(flag) for flag in flags if flag not in GENERAL}


def in_schema() -> set[str]:
    properties: dict[str, Any] = schema()["properties"]
    own = {name for name in properties if name not in TABLES and name not in PLATFORM_TABLES}
    return own | {f"{table}_{name}" for table in TABLES for name in properties[table]["properties"]}


def in_example() -> set[str]:
    return set(by_name(example_with_everything_uncommented())) - set(PLATFORM_TABLES)


def in_pages() -> set[str]:
    return {name for first, *_ in rows(section("docs/configuration.md", "Keys")) for name in keys_in(first)}


def in_model() -> set[str]:
    return set(Config.model_fields)


def in_completions() -> set[str]:
    session = next(subcommand for subcommand in subcommand_specs() if subcommand.name == DEFAULT)
    spellings = {flag.spellings for flag in session.flags}
    return {key.name for key in KEYS.values() if any(key.flag in one for one in spellings)}


def _key(flag: str) -> str:
    """The key of a flag, or the flag itself if no key has it."""
    return next((key.name for key in KEYS.values() if key.flag == flag), flag)


@pytest.mark.parametrize(
    "place",
    [in_help, in_manual, in_schema, in_example, in_pages, in_model, in_completions],
    ids=lambda one: one.__name__,
)
def test_every_list_of_keys_is_complete(place: Callable[[], set[str]]) -> None:
    assert place() == set(KEYS)


def test_both_helps_and_the_manual_list_the_subcommands() -> None:
    for text in (short_help(), full_help()):
        listed = text.partition("Subcommands:\n")[2].partition("\n\n")[0]
        assert [line.split()[0] for line in listed.splitlines()] == list(SUBCOMMANDS)
    assert re.findall(r"^\.SS reloader ([a-z]+) ", manual(), re.MULTILINE) == list(SUBCOMMANDS)


def test_the_short_help_has_no_flag_that_the_full_one_lacks() -> None:
    assert set(FLAG.findall(short_help())) <= set(FLAG.findall(full_help()))


def test_the_page_of_the_command_line_has_the_help_of_every_subcommand() -> None:
    headings = re.findall(r"^## `reloader ([a-z]+) -h`$", text_of("docs/cli.md"), re.MULTILINE)
    assert headings == [name for name in SUBCOMMANDS if name != DEFAULT]
