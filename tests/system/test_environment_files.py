"""Variables from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from reloader.errors import EnvironmentFileError
from reloader.system.environment import read_env_files


def test_names_and_values_are_read_as_dotenv_writes_them(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# a comment\nPLAIN=one\nexport EXPORTED=two\nQUOTED='three four'\nEMPTY=\n")
    expected = {"PLAIN": "one", "EXPORTED": "two", "QUOTED": "three four", "EMPTY": ""}
    assert read_env_files([str(tmp_path / ".env")]) == expected


def test_a_later_file_wins_and_other_variables_of_the_first_stay(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("BOTH=1\nFIRST=1\n")
    (tmp_path / "second").write_text("BOTH=2\n")
    assert read_env_files([str(tmp_path / name) for name in ("first", "second")]) == {"BOTH": "2", "FIRST": "1"}


def test_a_missing_file_and_a_name_without_a_value_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("ALONE\nNAMED=x\n")
    assert read_env_files([str(tmp_path / "missing"), str(tmp_path / "names")]) == {"NAMED": "x"}


def test_a_file_that_is_not_utf_8_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xe9\n")
    with pytest.raises(
        EnvironmentFileError, match=r"\.env: the byte at offset 2 is not UTF-8\. Save the file as UTF-8$"
    ):
        read_env_files([str(tmp_path / ".env")])


def test_a_file_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> dict[str, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dotenv.dotenv_values", refuse)
    with pytest.raises(EnvironmentFileError, match=r"\.env: cannot be read \(Permission denied\)\. "):
        read_env_files([str(tmp_path / ".env")])


def test_without_a_file_there_are_no_variables() -> None:
    assert read_env_files([]) == {}
