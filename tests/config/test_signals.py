from __future__ import annotations

import signal

import pytest

from reloader.config.signals import full_name, signal_number, signals_for


@pytest.mark.parametrize("written", ["TERM", "term", "SIGTERM", "sigterm", " SigTerm "])
def test_a_signal_is_known_by_all_its_spellings(written: str) -> None:
    assert full_name(written) == "SIGTERM"


def test_a_number_is_the_one_of_this_system() -> None:
    assert signal_number("SIGTERM", "linux") == signal.SIGTERM
    assert signal_number("SIGINT", "darwin") == signal.SIGINT


def test_windows_knows_three_names() -> None:
    assert dict(signals_for("win32")) == {"SIGINT": 2, "SIGTERM": 15, "SIGBREAK": 21}
    assert signal_number("SIGBREAK", "win32") == 21


def test_each_platform_knows_its_own_names() -> None:
    assert "SIGINFO" in signals_for("darwin")
    assert "SIGINFO" not in signals_for("linux")
    assert "SIGPWR" in signals_for("linux")


def test_a_platform_without_a_table_has_the_names_of_this_system() -> None:
    assert signals_for("freebsd14") == {name: int(member) for name, member in signal.Signals.__members__.items()}
