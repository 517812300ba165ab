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
        self._is_open = False
        self._was_forwarded = False

    def begin(self, *, has_open_batch: bool) -> None:
        """Hold batches back from now on, but for the one that is open already."""
        self.is_on = True
        self._is_open = self._was_forwarded = has_open_batch

    def holds(self, event: Event | GateResult) -> bool:
        """Return True if ``event`` is held back; its changes are pending then. Asked only while the pause is on."""
        match event:
            case BatchOpened():
                self._is_open, self._was_forwarded = True, False
                return True
            case BatchClosed(batch):
                is_held = not self._was_forwarded
                self._is_open = self._was_forwarded = False
                if is_held:
                    self.pending = self.pending.merged_with(batch)
                return is_held
            case _:
                return False

    def end(self) -> Event | None:
        """Release what was held back, as one batch, or else the batch that is open now.

        Never both: an open batch is in the next launch, or closes later and is forwarded then.
        """
        self.is_on = False
        pending, self.pending = self.pending, ChangeBatch()
        if pending:
            return BatchClosed(pending)
        return BatchOpened() if self._is_open and not self._was_forwarded else None

    def handle_launch(self) -> None:
        """Forget what was held back: the run that starts has all of it."""
        self.pending = ChangeBatch()
        self._is_open = self._was_forwarded = False
