"""A client that opens a new connection every few milliseconds, and records the result of each."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from typing_extensions import Self

EVERY = 0.005
#: Seconds. A server that keeps up answers within them.
SOON = 0.05
#: Seconds after which a client gives up.
PATIENCE = 30.0
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Fate(Enum):
    SERVED = "answered in full"
    REFUSED = "no connection"
    LOST = "closed or reset without an answer"
    UNANSWERED = "not answered in time"


@dataclass(frozen=True, slots=True)
class Visit:
    """One connection: its start, its duration in seconds, the client's port, and the page."""

    began: float
    seconds: float
    fate: Fate
    port: int = 0
    page: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """The totals of a load. ``lost`` were not accepted by any run. ``in_flight`` were accepted by a run that ended too early."""

    visits: int
    refused: int
    lost: int
    in_flight: int
    unanswered: int
    longest: float


class Load:
    """Connects to 127.0.0.1:``port`` from a thread of its own, as long as the context lasts."""

    def __init__(self, port: int, every: float = EVERY) -> None:
        self._port = port
        self._every = every
        self._visits: list[Visit] = []
        self._waiting: set[float] = set()
        self._is_over = threading.Event()
        self._newest = ""
        self._news = threading.Condition()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def visits(self) -> Sequence[Visit]:
        return tuple(self._visits)

    def wait_for(self, text: str, within: float = PATIENCE, is_hopeless: Callable[[], bool] = lambda: False) -> bool:
        """Return True once a page with ``text`` has come, or False after ``within`` seconds."""
        limit = time.monotonic() + within
        with self._news:
            while text not in self._newest:
                if time.monotonic() >= limit or is_hopeless():
                    return False
                self._news.wait(0.1)
        return True

    def wait_until_served(self, within: float = PATIENCE) -> bool:
        """Return True once no connection has waited for long, as after a restart, or False after ``within`` seconds."""
        limit = time.monotonic() + within
        with self._news:
            while time.perf_counter() - min(self._waiting.copy(), default=time.perf_counter()) > SOON:
                if time.monotonic() >= limit:
                    return False
                self._news.wait(0.01)
        return True

    async def _run(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        due = time.perf_counter()
        while not self._is_over.is_set():
            task = asyncio.create_task(self._visit())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due = max(due + self._every, time.perf_counter())
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await asyncio.gather(*tasks)

    async def _visit(self) -> None:
        began, known = time.perf_counter(), {"port": 0}
        self._waiting.add(began)
        try:
            page = await asyncio.wait_for(self._page(known), PATIENCE)
            fate = Fate.SERVED if page else Fate.LOST
        except (asyncio.TimeoutError, TimeoutError):
            page, fate = "", Fate.UNANSWERED
        except OSError:
            page, fate = "", Fate.LOST if known["port"] else Fate.REFUSED
        self._waiting.discard(began)
        self._visits.append(Visit(began, time.perf_counter() - began, fate, known["port"], page))
        if page:
            with self._news:
                self._newest = page
                self._news.notify_all()

    async def _page(self, known: dict[str, int]) -> str:
        """Return the page, or an empty text if the answer is incomplete. ``known`` receives the client's port."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            known["port"] = writer.get_extra_info("sockname")[1]
            writer.write(_REQUEST)
            answer = (await reader.read(-1)).decode()
        finally:
            writer.transport.abort()
        head, _, body = answer.partition("\r\n\r\n")
        return body if " 200 " in head.partition("\r\n")[0] and "content: " in body else ""


def tally(visits: Sequence[Visit], taken: Path) -> Tally:
    """Add up the connections. ``taken`` is the log of those that were accepted, by the client's port."""
    accepted = Counter(map(int, taken.read_text().split())) if taken.exists() else Counter()
    met = Counter(visit.port for visit in visits if visit.fate is not Fate.REFUSED)
    lost = [visit for visit in visits if visit.fate is Fate.LOST]
    in_flight = sum(accepted[visit.port] >= met[visit.port] for visit in lost)
    fates = Counter(visit.fate for visit in visits)
    served = [visit.seconds for visit in visits if visit.fate is Fate.SERVED]
    return Tally(
        len(visits),
        fates[Fate.REFUSED],
        len(lost) - in_flight,
        in_flight,
        fates[Fate.UNANSWERED],
        max(served, default=0.0),
    )
