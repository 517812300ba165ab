"""The gate and ``transition`` together against a simulated system, through many thousands of random histories."""

from __future__ import annotations

import pytest

from reloader.core.gate import Checking, GateTaskPassed, Passed, handle, new_gate
from reloader.core.states import WaitingForQuiet
from reloader.core.supervisor import transition
from tests.support.fakes import simulated_gate
from tests.support.fakes.simulated_gate import GatedSimulation
from tests.support.fakes.simulated_system import BrokenPromise

BLOCKS = 16
HISTORIES = 1000  # in a block; a test prints the seed of the history that fails, and the history


def play(histories: int) -> None:
    for seed in range(histories):
        GatedSimulation(seed, transition).run()


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_history_keeps_the_promises(block):
    for seed in range(block * HISTORIES, (block + 1) * HISTORIES):
        assert GatedSimulation(seed, transition).run().exit_code is not None


def test_the_histories_contain_rejections_and_reverted_changes():
    played = [GatedSimulation(seed, transition) for seed in range(1000)]
    for one in played:
        one.run()
    assert sum(one.rejections for one in played) > 300
    assert sum(one.reverted for one in played) > 10
    assert any(isinstance(what, WaitingForQuiet) for one in played for _, what in one.trace)


def test_the_simulation_finds_a_gate_that_forwards_everything(monkeypatch):
    monkeypatch.setattr(simulated_gate, "GateTaskFailed", lambda notice, code: GateTaskPassed())
    with pytest.raises(BrokenPromise, match="does not compile"):
        play(1000)


def test_the_simulation_finds_a_gate_that_forgets_what_is_pending(monkeypatch):
    def forgetful(gate, event, context):
        after, actions = handle(gate, event, context)
        return new_gate(context.policy) if isinstance(after.stage, Checking | Passed) else after, actions

    monkeypatch.setattr(simulated_gate, "handle", forgetful)
    with pytest.raises(BrokenPromise):
        play(1000)
