"""The pause: a stage between the files and the supervisor that keeps batches back until somebody resumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reloader.core.changes import ChangeBatch
from reloader.core.events import BatchClosed, BatchOpened, Event


class Pause:
    """Owned by the engine's thread. A batch that was let in when it opened is let in when it closes."""

    def __init__(self) -> None:
        self.is_on = False
        self.held = ChangeBatch()
        self._is_open = False
        self._was_let_in = False

    def through(self, events: Iterable[Event]) -> Iterator[Event]:
        """``events`` without what is kept back."""
        for event in events:
            match event:
                case BatchOpened():
                    self._is_open = True
                    self._was_let_in = not self.is_on
                    if self._was_let_in:
                        yield event
                case BatchClosed(batch):
                    is_let_in = self._was_let_in or not self.is_on
                    self._is_open = self._was_let_in = False
                    if is_let_in:
                        yield event
                    else:
                        self.held = self.held.merged_with(batch)
                case _:
                    yield event

    def begin(self) -> None:
        self.is_on = True

    def end(self) -> list[Event]:
        """Let in what was kept back, as one batch, or the batch that is open now.

        Never both: what is open when a run is launched is in it, or closes later and is let in then.
        """
        self.is_on = False
        held, self.held = self.held, ChangeBatch()
        if held:
            return [BatchClosed(held)]
        if self._is_open and not self._was_let_in:
            self._was_let_in = True
            return [BatchOpened()]
        return []

    def launched(self) -> None:
        """A run has started, for whatever reason: all that was kept back is in it."""
        self.held = ChangeBatch()
        self._is_open = self._was_let_in = False
