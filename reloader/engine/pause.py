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

    def holds(self, event: Event | GateResult) -> bool:
        """Return True if ``event`` is held back; its changes are pending then."""
        match event:
            case BatchOpened():
                self._is_open = True
                self._was_forwarded = not self.is_on
                return self.is_on
            case BatchClosed(batch):
                is_held = self.is_on and not self._was_forwarded
                self._is_open = self._was_forwarded = False
                if is_held:
                    self.pending = self.pending.merged_with(batch)
                return is_held
            case _:
                return False

    def begin(self) -> None:
        self.is_on = True

    def end(self) -> Event | None:
        """Release what was held back, as one batch, or else the batch that is open now.

        Never both: an open batch is in the next launch, or closes later and is forwarded then.
        """
        self.is_on = False
        pending, self.pending = self.pending, ChangeBatch()
        if pending:
            return BatchClosed(pending)
        if self._is_open and not self._was_forwarded:
            self._was_forwarded = True
            return BatchOpened()
        return None

    def handle_launch(self) -> None:
        """Forget what was held back: the run that starts has all of it."""
        self.pending = ChangeBatch()
        self._is_open = self._was_forwarded = False
