"""Whether somebody still reads what we write."""

from __future__ import annotations

import os
import threading

from reloader.system.output import PeerHangup
from tests.support.platforms.limits import posix_only

PATIENCE = 10.0


@posix_only
def test_a_hangup_is_reported_without_a_write() -> None:
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


def test_it_can_be_closed_while_the_peer_is_connected() -> None:
    reader, writer = os.pipe()
    watch = PeerHangup(writer, lambda: None)
    watch.close()
    assert not watch.has_hung_up
    os.close(reader)
    os.close(writer)


def test_a_file_without_a_peer_is_not_watched(tmp_path) -> None:
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
