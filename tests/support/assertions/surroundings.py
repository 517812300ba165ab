"""Finds what a test leaves to the next ones: threads, children, descriptors, variables, directory, signal handlers."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds. All threads that a test has started must end within them.
THREADS_TIMEOUT = 5.0

#: Variables that pytest itself changes around each phase of a test.
_PYTEST_VARIABLES = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_VERSION"})


@dataclass(frozen=True)
class Surroundings:
    threads: frozenset[threading.Thread]
    children: Mapping[int, str]
    descriptors: Mapping[int, str]
    environment: Mapping[str, str]
    directory: str
    handlers: Mapping[int, Any]


def surroundings() -> Surroundings:
    return Surroundings(
        threads=frozenset(threading.enumerate()),
        children=dict(_children()),
        descriptors=dict(_descriptors()),
        environment={name: value for name, value in os.environ.items() if name not in _PYTEST_VARIABLES},
        directory=os.getcwd(),
        handlers={number: signal.getsignal(number) for number in signal.valid_signals()},
    )


def let_threads_end(before: Surroundings) -> None:
    """Wait for the threads that are new since ``before``; THREADS_TIMEOUT is for all of them together."""
    deadline = time.monotonic() + THREADS_TIMEOUT
    for thread in threading.enumerate():
        if thread not in before.threads and not isinstance(thread, threading._DummyThread):
            thread.join(timeout=max(0.0, deadline - time.monotonic()))


def leaks(before: Surroundings, after: Surroundings) -> list[str]:
    """Return a sentence for each thing that ``after`` has and ``before`` has not, or that has changed."""
    return [
        *_leaked_threads(before, after),
        *(f"a child process: {after.children[pid]}" for pid in after.children.keys() - before.children.keys()),
        *_leaked_descriptors(before.descriptors, after.descriptors),
        *_changed_variables(before.environment, after.environment),
        *([f"the current directory: {after.directory}"] if after.directory != before.directory else []),
        *_changed_handlers(before.handlers, after.handlers),
    ]


def restore(before: Surroundings, after: Surroundings) -> None:
    """Undo what can be undone, so that later tests do not fail for this one's leak."""
    for pid in after.children.keys() - before.children.keys():
        _end(pid)
    for name in after.environment.keys() - before.environment.keys():
        del os.environ[name]
    os.environ.update(before.environment)
    os.chdir(before.directory)


def _leaked_threads(before: Surroundings, after: Surroundings) -> Iterator[str]:
    for thread in after.threads - before.threads:
        if thread.is_alive() and not isinstance(thread, threading._DummyThread):
            yield f"a thread: {thread.name}"


def _leaked_descriptors(before: Mapping[int, str], after: Mapping[int, str]) -> Iterator[str]:
    for number, target in after.items():
        if before.get(number) != target:
            yield f"a file descriptor: {number} → {target}"


def _changed_variables(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"an environment variable: {name} was {before.get(name)!r} and is {after.get(name)!r}"


def _changed_handlers(before: Mapping[int, Any], after: Mapping[int, Any]) -> Iterator[str]:
    for number, handler in after.items():
        if before.get(number) != handler:
            yield f"a signal handler: {signal.Signals(number).name} → {handler}"


if sys.platform == "linux":

    def _children() -> Iterator[tuple[int, str]]:
        """Yield the children with their command lines, zombies included."""
        for task in os.listdir("/proc/self/task"):
            with suppress(OSError):  # a thread may end meanwhile
                for pid in map(int, Path(f"/proc/self/task/{task}/children").read_text().split()):
                    yield pid, _describe(pid)

    def _describe(pid: int) -> str:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
        except OSError:
            command = ""
        return f"{pid} {command or '(a zombie)'}"

    def _descriptors() -> Iterator[tuple[int, str]]:
        """Yield the open descriptors, without the one that lists them."""
        for name in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):
                yield int(name), os.readlink(f"/proc/self/fd/{name}")

    def _end(pid: int) -> None:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

else:

    def _children() -> Iterator[tuple[int, str]]:
        """Yield the children that psutil finds. It finds none where it does not work, as under Wine."""
        with suppress(ImportError, OSError, NotImplementedError):
            import psutil

            with suppress(psutil.Error):
                for child in psutil.Process().children():
                    yield child.pid, str(child)

    def _descriptors() -> Iterator[tuple[int, str]]:
        """Yield nothing: only Linux lists descriptors without a query for every possible number."""
        yield from ()

    def _end(pid: int) -> None:
        import psutil

        with suppress(psutil.Error):
            process = psutil.Process(pid)
            process.kill()
            process.wait(THREADS_TIMEOUT)
