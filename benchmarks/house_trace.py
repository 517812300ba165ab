"""Run the session of a checkout, and report which of its functions are called while one edit becomes a restart.

    python benchmarks/house_trace.py CHECKOUT ARMED [ARGUMENT …]

Only ``benchmarks.house`` starts this script. Once the file ARMED exists, the next event of the backend starts the record.
The signal to the first run and the spawn of the second run end its two parts. The result is one line of JSON.
"""

from __future__ import annotations

import inspect
import json
import os
import runpy
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FrameType

#: The contents of the module, because type checkers for Windows refuse the names that only POSIX has.
OS = vars(os)
#: SIGCONT, and the question if a group is alive. Neither is a stop signal.
OTHER_SIGNALS = (18, 0)
#: The events that lead to a restart, by the names of their classes.
BATCH_EVENTS = ("BatchOpened", "BatchClosed")


class Recorder:
    """Records the calls of the checkout's own functions, on all threads. ``list.append`` needs no lock."""

    def __init__(self, package: str, armed: str) -> None:
        self._package = package
        self._armed = armed
        self._calls: list[CodeType] | None = None
        self._turn = 0
        self._relays: set[CodeType] = set()
        self._result: dict[str, object] = {}

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or self._calls is None or not self._is_ours(frame):
            return
        if _is_turn(frame):
            self._turn = len(self._calls)
            self._relays.clear()
        elif _is_given_batch(frame):
            self._relays.add(frame.f_code)
        self._calls.append(frame.f_code)

    def put_marks(self) -> None:
        """Wrap the four system calls that begin and end the record."""
        OS["read"] = self._waking(OS["read"])
        OS["killpg"] = self._signalling(OS["killpg"])
        OS["kill"] = self._signalling(OS["kill"])
        OS["posix_spawn"] = self._spawning(OS["posix_spawn"])

    def _waking(self, read: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
        """Begin when a read returns on another thread. Own functions that called it count as called."""

        def wrapped(descriptor: int, size: int) -> bytes:
            data = read(descriptor, size)
            is_main = threading.current_thread() is threading.main_thread()
            if self._calls is None and not self._result and not is_main and os.path.exists(self._armed):
                self._result["modules"] = sum(name.partition(".")[0] == "reloader" for name in list(sys.modules))
                self._calls = [frame.f_code for frame in self._own_frames()]
            return data

        return wrapped

    def _signalling(self, send: Callable[[int, int], None]) -> Callable[[int, int], None]:
        def wrapped(target: int, number: int) -> None:
            if self._calls is not None and "stack" not in self._result and number not in OTHER_SIGNALS:
                stack = self._stack_of_turn()
                passed = [code for code in self._calls[self._turn :] if code in {*stack, *self._relays}]
                self._result["to_signal"] = self._named(self._calls)
                self._result["passed"] = self._named(list(dict.fromkeys([*stack[:1], *passed])))
                self._result["stack"] = self._named(stack)
            send(target, number)

        return wrapped

    def _spawning(self, spawn: Callable[..., int]) -> Callable[..., int]:
        def wrapped(*arguments: object, **options: object) -> int:
            if self._calls is not None and "stack" in self._result:
                self._result["to_spawn"] = self._named(self._calls)
                self._calls = None
                os.write(1, f"{json.dumps(self._result)}\n".encode())
            return spawn(*arguments, **options)

        return wrapped

    def _stack_of_turn(self) -> list[CodeType]:
        """Own functions from ``Engine.turn`` to the one that sends the signal, both included."""
        frames = list(self._own_frames())
        turn = next(place for place, frame in enumerate(frames) if _is_turn(frame))
        return [frame.f_code for frame in frames[turn::-1]]

    def _own_frames(self) -> Iterator[FrameType]:
        """Own frames of this thread, the innermost first."""
        frame: FrameType | None = inspect.currentframe()
        while frame is not None:
            if self._is_ours(frame):
                yield frame
            frame = frame.f_back

    def _is_ours(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename.startswith(self._package)

    def _named(self, codes: list[CodeType]) -> list[str]:
        """Name each function as ``file: function``, with the file relative to the package."""
        return [f"{code.co_filename[len(self._package) :]}: {_qualified(code)}" for code in codes]


def _is_turn(frame: FrameType) -> bool:
    return frame.f_code.co_name == "turn" and type(frame.f_locals.get("self")).__name__ == "Engine"


def _is_given_batch(frame: FrameType) -> bool:
    """Return True if an argument is one of the events that lead to a restart."""
    return any(type(value).__name__ in BATCH_EVENTS for value in frame.f_locals.values())


def _qualified(code: CodeType) -> str:
    return getattr(code, "co_qualname", code.co_name)  # Python 3.10 has no name with the class in front


def main() -> None:
    _, checkout, armed, *arguments = sys.argv
    recorder = Recorder(os.path.join(checkout, "reloader", ""), armed)
    recorder.put_marks()
    sys.path[0], sys.argv = checkout, ["reloader", *arguments]
    threading.setprofile(recorder.profile)
    sys.setprofile(recorder.profile)
    runpy.run_module("reloader", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
