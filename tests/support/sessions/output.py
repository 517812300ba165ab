"""Hears what a running program writes: notices as JSON on standard error, lines of its command on standard output."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeVar

from tests.support.programs.announcements import FACT_TIMEOUT

Notice = dict[str, Any]
Fact = TypeVar("Fact")

_MARK_OF_NOTICE = '{"notice": '


class Hearing:
    """What was heard so far, and a way to wait for more. Filled by one thread for each stream."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._readers: list[threading.Thread] = []
        self._handed_out: set[int] = set()
        self._lines_handed_out = 0
        self.notices: list[Notice] = []
        self.lines: list[str] = []  # what the command wrote to standard output
        self.remarks: list[str] = []  # what stood on standard error and was no notice

    # Facts

    def wait_for(self, notice: str, within: float = FACT_TIMEOUT, **fields: Any) -> Notice:
        """The first notice of this kind, with these fields, that was not handed out yet."""
        return self.await_fact(lambda: self._taken(notice, fields), within, f"{notice} {fields or ''}")

    def wait_for_line(self, text: str, within: float = FACT_TIMEOUT) -> str:
        """The next line of standard output that holds ``text``. The lines before it are passed over."""
        return self.await_fact(lambda: self._taken_line(text), within, f"a line with {text!r}")

    def wait_for_remark(self, text: str, within: float = FACT_TIMEOUT) -> str:
        """A line of standard error, no notice, that holds ``text``."""
        return self.await_fact(
            lambda: next((line for line in self.remarks if text in line), None), within, f"a remark with {text!r}"
        )

    def all_of(self, notice: str) -> list[Notice]:
        """Every notice of this kind so far."""
        with self._news:
            return [one for one in self.notices if one["notice"] == notice]

    @property
    def runs(self) -> list[int]:
        """The numbers of the runs that were launched so far."""
        return [one["run"] for one in self.all_of("launched")]

    def runs_up_to(self, last: int) -> list[int]:
        """The numbers of the runs so far, when ``last`` is among them: a command's line may be heard before its notice."""
        return self.await_fact(lambda: self.runs if last in self.runs else None, FACT_TIMEOUT, f"run {last}")

    def transcript(self) -> str:
        """All that was heard, for a failure's report."""
        with self._news:
            return "\n".join((*map(json.dumps, self.notices), "--- out", *self.lines, "--- err", *self.remarks))

    # How it is done

    def listen(self, stream: IO[bytes], *, for_notices: bool) -> None:
        handle = self._hear_notice if for_notices else self.lines.append
        reader = threading.Thread(target=self._read, args=(stream, handle), daemon=True)
        reader.start()
        self._readers.append(reader)

    def join(self, within: float = FACT_TIMEOUT) -> None:
        """Until both streams have ended and all of them is heard."""
        for reader in self._readers:
            reader.join(within)

    def await_fact(self, look: Callable[[], Fact | None], within: float, what: str) -> Fact:
        deadline = time.monotonic() + within
        with self._news:
            while not (found := look()):
                is_over = not any(reader.is_alive() for reader in self._readers)
                assert not is_over, f"it ended without {what}"
                left = deadline - time.monotonic()
                assert left > 0, f"not within {within:g} seconds: {what}"
                self._news.wait(min(left, 0.5))  # the end of a stream is news that nobody notifies of
            return found

    def _taken(self, kind: str, fields: Mapping[str, Any]) -> Notice | None:
        for number, notice in enumerate(self.notices):
            fits = notice["notice"] == kind and all(notice.get(name) == value for name, value in fields.items())
            if fits and number not in self._handed_out:
                self._handed_out.add(number)
                return notice
        return None

    def _taken_line(self, text: str) -> str | None:
        for number in range(self._lines_handed_out, len(self.lines)):
            if text in self.lines[number]:
                self._lines_handed_out = number + 1
                return self.lines[number]
        return None

    def _read(self, stream: IO[bytes], handle: Callable[[str], None]) -> None:
        for raw in stream:
            with self._news:
                handle(raw.decode("utf-8", "replace").rstrip("\r\n"))
                self._news.notify_all()

    def _hear_notice(self, line: str) -> None:
        """The command writes to the same stream, and may have left a line without its end."""
        before, mark, rest = line.partition(_MARK_OF_NOTICE)
        if before or not mark:
            self.remarks.append(before)
        if mark:
            self.notices.append(json.loads(mark + rest))
