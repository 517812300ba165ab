"""The configuration while a session runs: its locations, and the result of a save."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reloader.cli.parser import parse
from reloader.config.reload import MAX_BYTES, ConfigSource
from reloader.core.notices import HIDDEN, KeyChange
from reloader.errors import ConfigError, ConfigFileMissing
from tests.support.platforms.limits import posix_only

COMMAND = 'command = ["serve"]\n'


def source_in(directory: Path, *argv: str, environ: Mapping[str, str] | None = None) -> ConfigSource:
    return ConfigSource(parse(argv), environ or {}, str(directory), "/home", "linux")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def changes_of(source: ConfigSource) -> tuple[KeyChange, ...]:
    found = source.read()
    return () if found is None else found[1]


class TestThePlaces:
    def test_are_the_file_and_all_that_would_come_before_it(self, here: Path) -> None:
        (here.parent / "reloader.toml").write_text(COMMAND)
        expected = [here / "reloader.toml", here.parent / "reloader.toml"]
        assert list(map(Path, source_in(here).locations)) == expected

    def test_are_all_that_there_could_be_where_there_is_no_file(self, here: Path) -> None:
        expected = [folder / name for name in ("reloader.toml", "pyproject.toml") for folder in (here, here.parent)]
        assert list(map(Path, source_in(here, "--", "serve").locations)) == expected

    def test_are_the_file_alone_that_was_named(self, here: Path) -> None:
        (here / "other.toml").write_text(COMMAND)
        assert source_in(here, "--config", "other.toml").locations == (str(here / "other.toml"),)
        assert source_in(here, environ={"RELOADER_CONFIG": "other.toml"}).locations == (str(here / "other.toml"),)

    def test_stay_those_of_a_named_file_that_is_missing_when_another_configuration_is_accepted(
        self, here: Path
    ) -> None:
        (here / "other.toml").write_text(COMMAND)
        source = source_in(here, "--config", "other.toml")
        (here / "other.toml").write_text(COMMAND + "debounce = 0.1\n")
        found = source.read()
        assert found is not None
        (here / "other.toml").unlink()
        source.accept(found[0])
        assert source.locations == (str(here / "other.toml"),)

    @posix_only
    def test_are_none_for_what_can_be_read_but_once(self, here: Path) -> None:
        reading, writing = os.pipe()
        os.write(writing, COMMAND.encode())
        os.close(writing)
        try:
            source = source_in(here, "--config", f"/dev/fd/{reading}")
        finally:
            os.close(reading)
        assert source.locations == ()
        assert source.fingerprint() == source.initial_fingerprint
        source.accept(source.loaded)
        assert source.locations == ()


class TestALook:
    def test_is_the_first_one_as_long_as_nothing_is_saved(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        assert source.fingerprint() == source.initial_fingerprint

    def test_differs_by_content_behind_equal_times(self, here: Path) -> None:
        file = here / "reloader.toml"
        file.write_text(COMMAND)
        source = source_in(here)
        times = file.stat()
        file.write_text(COMMAND.replace("serve", "other"))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert source.fingerprint() != source.initial_fingerprint

    def test_differs_when_the_file_is_missing(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").unlink()
        assert source.fingerprint() != source.initial_fingerprint

    def test_does_not_read_what_is_too_large_to_be_one(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND + "#" * MAX_BYTES)
        source = source_in(here)
        assert source.fingerprint() == source.initial_fingerprint


class TestASave:
    def test_of_a_remark_is_none(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").write_text("# why\n" + COMMAND)
        assert source.read() is None

    def test_names_each_key_and_each_name_of_a_table(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND + 'debounce = 0.1\nenv = { A = "1", B = "2" }\n')
        source = source_in(here)
        (here / "reloader.toml").write_text(COMMAND + 'env = { B = "2", C = "3" }\n[python]\nmodules = false\n')
        assert changes_of(source) == (
            KeyChange("env.A", HIDDEN, None),
            KeyChange("env.C", None, HIDDEN),
            KeyChange("debounce", 0.1, 0.05),
            KeyChange("python.modules", True, False),
        )

    def test_never_shows_the_value_of_a_variable(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND + 'env = { PASSWORD = "old" }\n')
        source = source_in(here)
        (here / "reloader.toml").write_text(COMMAND + 'env = { PASSWORD = "new" }\n')
        assert changes_of(source) == (KeyChange("env.PASSWORD", HIDDEN, HIDDEN),)

    def test_shows_commands_as_they_are_written(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        before = 'before = ["npm run css", { run = ["make"], files = ["*.proto"] }]\n'
        (here / "reloader.toml").write_text(COMMAND + 'check = ["false"]\n' + before)
        told = {change.key: change.after for change in changes_of(source)}
        assert told == {"check": ["false"], "before": (["npm", "run", "css"], {"run": ["make"], "files": ["*.proto"]})}

    @pytest.mark.parametrize("address", ["127.0.0.1:8000", "[::1]:8000"])
    def test_shows_the_address_of_a_probe_as_it_is_written(self, here: Path, address: str) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").write_text(COMMAND + f'ready = {{ tcp = "{address}" }}\n')
        assert {change.key: change.after for change in changes_of(source)}["ready.tcp"] == address

    def test_that_was_accepted_is_what_the_next_one_differs_from(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").write_text(COMMAND + "debounce = 0.1\n")
        found = source.read()
        assert found is not None
        source.accept(found[0])
        assert source.read() is None

    def test_of_a_nearer_file_is_another_configuration(self, here: Path) -> None:
        (here.parent / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").write_text(COMMAND)
        found = source.read()
        assert found is not None
        assert found[1] == (KeyChange("config", str(here.parent / "reloader.toml"), str(here / "reloader.toml")),)
        source.accept(found[0])
        assert source.locations == (str(here / "reloader.toml"),)

    def test_with_a_problem_is_rejected_as_at_the_start(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").write_text(COMMAND + "intervall = 2\n")
        with pytest.raises(ConfigError, match="did you mean"):
            source.read()


class TestAFileThatIsGone:
    def test_differs_from_a_broken_one(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").rename(here / "aside.toml")
        with pytest.raises(ConfigFileMissing, match=r"reloader\.toml"):
            source.read()

    def test_is_read_from_a_nearer_directory_to_which_it_was_moved(self, here: Path) -> None:
        (here.parent / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here.parent / "reloader.toml").rename(here / "reloader.toml")
        assert [change.key for change in changes_of(source)] == ["config"]

    def test_is_not_replaced_by_one_that_is_further_away(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").rename(here.parent / "reloader.toml")
        with pytest.raises(ConfigFileMissing):
            source.read()

    def test_is_missing_if_it_was_named_whatever_other_files_exist(self, here: Path) -> None:
        (here / "other.toml").write_text(COMMAND)
        source = source_in(here, "--config", "other.toml")
        (here / "other.toml").rename(here / "reloader.toml")
        with pytest.raises(ConfigFileMissing, match=r"^other\.toml$"):
            source.read()

    def test_may_have_become_a_directory(self, here: Path) -> None:
        (here / "reloader.toml").write_text(COMMAND)
        source = source_in(here)
        (here / "reloader.toml").unlink()
        (here / "reloader.toml").mkdir()
        with pytest.raises(ConfigFileMissing, match=r"^reloader\.toml$"):
            source.read()

    @pytest.mark.parametrize("argv", [("--", "serve"), ()])
    def test_may_be_a_removed_table(self, here: Path, argv: tuple[str, ...]) -> None:
        (here / "pyproject.toml").write_text("[tool.reloader]\n" + COMMAND)
        source = source_in(here, *argv)
        (here / "pyproject.toml").write_text("[project]\n")
        with pytest.raises(ConfigFileMissing, match=r"^\[tool\.reloader\] of pyproject\.toml$"):
            source.read()


def test_a_file_for_us_alone_is_no_part_of_the_program_and_a_project_file_is(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.reloader]\n" + COMMAND)
    assert source_in(here).loaded.settings.watch.own_file is None
    (here / "reloader.toml").write_text(COMMAND)
    assert source_in(here).loaded.settings.watch.own_file == str(here / "reloader.toml")
