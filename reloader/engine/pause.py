"""The pause: holds batches of changes back until the user resumes."""

from __future__ import annotations

from reloader.core.changes import ChangeBatch
from reloader.core.events import BatchClosed, BatchOpened, Event
from reloader.core.gate import GateResult


class Pause:
    """Owned by the engine's thread; lives as long as the session.

    A batch that was forwarded when it opened is forwarded when it closes.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.pending = ChangeBatch()
        self._was_open_batch_forwarded = False

    def begin(self, *, has_open_batch: bool) -> None:
        """Hold batches back from now on, except the one that is open already."""
        self.is_on = True
        self._was_open_batch_forwarded = has_open_batch

    def holds(self, event: Event | GateResult) -> bool:
        """Return True if ``event`` is held back; its changes are pending then. Called only while the pause is on."""
        match event:
            case BatchOpened():
                self._was_open_batch_forwarded = False
                return True
            case BatchClosed(batch):
                is_held = not self._was_open_batch_forwarded
                self._was_open_batch_forwarded = False
                if is_held:
                    self.pending = self.pending.merged_with(batch)
                return is_held
            case _:
                return False

    def end(self, *, has_open_batch: bool) -> Event | None:
        """Return all held changes as one batch. If there are none, return the opening of the batch that is open now.

        Never both: an open batch becomes part of the next launch, or is forwarded when it closes.
        """
        self.is_on = False
        pending, self.pending = self.pending, ChangeBatch()
        if pending:
            return BatchClosed(pending)
        return BatchOpened() if has_open_batch and not self._was_open_batch_forwarded else None

    def handle_launch(self) -> None:
        """Drop the held changes: the run that starts reads all of them."""
        self.pending = ChangeBatch()
        self._was_open_batch_forwarded = False
