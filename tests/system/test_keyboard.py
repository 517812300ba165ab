"""What is typed to us."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from reloader.core.events import KeyPressed, Posted, RestartRequested, StopRequested
from reloader.system import Keyboard
from tests.support.assertions.eventually import eventually

PATIENCE = 10.0


@pytest.fixture
def keyboard() -> Iterator[tuple[int, queue.SimpleQueue[Posted]]]:
    """Where to type, and what is posted then."""
    reader, writer = os.pipe()
    posted: queue.SimpleQueue[Posted] = queue.SimpleQueue()
    made = Keyboard(posted.put, reader)
    yield writer, posted
    with suppress(OSError):
        os.close(writer)  # which ends the thread where it cannot be woken
    made._thread.join()
    made.close()
    made.close()
    os.close(reader)


@pytest.mark.parametrize("typed", [b"r\n", b"R\r\n", b" r \n", b"what\nr\n"])
def test_r_and_enter_request_a_restart(keyboard: tuple[int, queue.SimpleQueue[Posted]], typed: bytes) -> None:
    writer, posted = keyboard
    os.write(writer, typed)
    assert posted.get(timeout=PATIENCE) == RestartRequested("r")
    assert posted.empty()


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        (b"s\n", KeyPressed("s")),
        (b"P\n", KeyPressed("p")),
        (b"?\n", KeyPressed("?")),
        (b"h\n", KeyPressed("?")),
        (b"q\n", StopRequested(2)),
    ],
)
def test_other_letters_have_other_events(
    keyboard: tuple[int, queue.SimpleQueue[Posted]], typed: bytes, wish: Posted
) -> None:
    writer, posted = keyboard
    os.write(writer, typed)
    assert posted.get(timeout=PATIENCE) == wish
    assert posted.empty()


def test_a_line_may_come_in_pieces_and_unknown_ones_are_ignored(
    keyboard: tuple[int, queue.SimpleQueue[Posted]],
) -> None:
    writer, posted = keyboard
    for piece in (b"rr\nqq\n\n", b"r", b"\n"):
        os.write(writer, piece)
    assert posted.get(timeout=PATIENCE) == RestartRequested("r")
    assert posted.empty()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to end the reading of a pipe from outside")
def test_it_can_be_closed_while_it_waits_for_input() -> None:
    reader, writer = os.pipe()
    keyboard = Keyboard(lambda event: None, reader)
    keyboard.close()
    assert not keyboard._thread.is_alive()
    os.close(reader)
    os.close(writer)


def test_a_closed_terminal_is_not_an_error() -> None:
    reader, writer = os.pipe()
    keyboard = Keyboard(lambda event: None, writer)  # it cannot be read
    os.close(reader)
    eventually(lambda: not keyboard._thread.is_alive(), what="the thread has ended")
    keyboard.close()
    os.close(writer)
