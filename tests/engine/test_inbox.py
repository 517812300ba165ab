"""The inbox wakes the engine at once, and lets it sleep no longer than it may."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest

from reloader.core.events import Posted, RestartRequested, StopRequested, Wakeup
from reloader.engine.inbox import Inbox
from tests.support.fakes.clock import ManualClock

FIRST, SECOND, THIRD = RestartRequested("first"), RestartRequested("second"), StopRequested(15)


def test_events_are_taken_once_and_in_order() -> None:
    inbox = Inbox(ManualClock())
    for event in (FIRST, SECOND, THIRD):
        inbox.post(event)
    assert inbox.take(None) == [FIRST, SECOND, THIRD]
    assert inbox.drain() == []


def test_an_event_that_was_put_back_comes_first() -> None:
    inbox = Inbox(ManualClock())
    inbox.post(THIRD)
    inbox.put_back(FIRST)
    inbox.put_back(SECOND)
    assert inbox.take(None) == [FIRST, SECOND, THIRD]


def test_a_past_moment_causes_no_wait() -> None:
    clock = ManualClock()
    inbox = Inbox(clock)
    assert inbox.take(clock()) == []
    assert inbox.take(clock() - 1.0) == []


def test_a_wait_ends_at_its_moment() -> None:
    inbox = Inbox(time.monotonic)
    until = time.monotonic() + 0.02
    assert inbox.take(until) == []
    assert time.monotonic() >= until - 0.001


def test_a_wait_without_a_moment_is_bounded() -> None:
    assert Inbox(time.monotonic, longest_wait=0.01).take(None) == []


def test_a_long_wait_is_bounded_too() -> None:
    clock = ManualClock()
    assert Inbox(clock, longest_wait=0.01).take(clock() + 3600.0) == []


def test_an_event_from_another_thread_ends_the_wait() -> None:
    inbox = Inbox(time.monotonic)
    thread = threading.Thread(target=inbox.post, args=(FIRST,))
    taken: list[Posted] = []
    thread.start()
    taken += inbox.take(time.monotonic() + 20.0)
    thread.join()
    assert taken == [FIRST]


@pytest.mark.skipif(sys.platform == "win32", reason="a signal does not interrupt a wait on Windows")
def test_an_event_from_a_signal_handler_ends_the_wait() -> None:
    inbox = Inbox(time.monotonic)
    before = signal.signal(signal.SIGALRM, lambda number, frame: inbox.post(Wakeup()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert inbox.take(time.monotonic() + 20.0) == [Wakeup()]
    finally:
        signal.signal(signal.SIGALRM, before)
