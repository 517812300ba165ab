"""Whether somebody still reads what we write."""

from __future__ import annotations

import os
import threading

from reloader.system.output import PeerHangup
from tests.support.platforms.limits import posix_only

PATIENCE = 10.0


@posix_only
def test_the_end_of_a_pipe_is_heard_without_writing() -> None:
    reader, writer = os.pipe()
    gone = threading.Event()
    watch = PeerHangup(writer, gone.set)
    assert not watch.has_hung_up
    os.close(reader)
    assert gone.wait(PATIENCE)
    assert watch.has_hung_up
    watch.close()
    watch.close()
    os.close(writer)


def test_it_can_be_closed_while_somebody_reads() -> None:
    reader, writer = os.pipe()
    watch = PeerHangup(writer, lambda: None)
    watch.close()
    assert not watch.has_hung_up
    os.close(reader)
    os.close(writer)


def test_what_has_no_other_end_is_not_listened_to(tmp_path) -> None:
    with (tmp_path / "file").open("w") as file:
        watch = PeerHangup(file.fileno(), lambda: None)
        assert watch._thread is None
        watch.close()
    closed = PeerHangup(file_that_is_closed(), lambda: None)
    assert closed._thread is None


def file_that_is_closed() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    return writer
