"""The uptime of a run in each state."""

from __future__ import annotations

import pytest

from reloader.core.outcome import Exited
from reloader.core.states import (
    ApplyExitPolicy,
    Exit,
    Finished,
    RestartHistory,
    Running,
    State,
    Stopping,
    WaitingForChange,
    uptime,
)


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        pytest.param(Running(1, 5.0), 15.0, id="up to now"),
        pytest.param(
            Stopping(1, 5.0, RestartHistory(), ApplyExitPolicy(Exited(1)), asked_at=8.0, kill_at=13.0),
            3.0,
            id="up to its own end, not to that of its orphans",
        ),
        pytest.param(
            Stopping(1, 5.0, RestartHistory(), Exit(15, 8.0), asked_at=8.0, kill_at=13.0), None, id="it was stopped"
        ),
        pytest.param(WaitingForChange(1, RestartHistory()), None, id="nothing runs"),
        pytest.param(Finished(0), None, id="the session is over"),
    ],
)
def test_a_run_has_lived(state: State, seconds: float | None) -> None:
    assert uptime(state, now=20.0) == seconds
