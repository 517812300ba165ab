"""Names of signals and their numbers. They are tables, because a file is checked for every platform on any of them."""

from __future__ import annotations

import signal
from collections.abc import Mapping

_EVERYWHERE = {
    "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGFPE": 8, "SIGKILL": 9,
    "SIGSEGV": 11, "SIGPIPE": 13, "SIGALRM": 14, "SIGTERM": 15, "SIGTTIN": 21, "SIGTTOU": 22, "SIGXCPU": 24,
    "SIGXFSZ": 25, "SIGVTALRM": 26, "SIGPROF": 27, "SIGWINCH": 28,
}  # fmt: skip
_LINUX = {
    "SIGBUS": 7, "SIGUSR1": 10, "SIGUSR2": 12, "SIGSTKFLT": 16, "SIGCHLD": 17, "SIGCONT": 18, "SIGSTOP": 19,
    "SIGTSTP": 20, "SIGURG": 23, "SIGIO": 29, "SIGPOLL": 29, "SIGPWR": 30, "SIGSYS": 31, "SIGRTMIN": 34, "SIGRTMAX": 64,
}  # fmt: skip
_MACOS = {
    "SIGEMT": 7, "SIGBUS": 10, "SIGSYS": 12, "SIGURG": 16, "SIGSTOP": 17, "SIGTSTP": 18, "SIGCONT": 19, "SIGCHLD": 20,
    "SIGIO": 23, "SIGINFO": 29, "SIGUSR1": 30, "SIGUSR2": 31,
}  # fmt: skip

# Windows has no signals between processes: for each of these, CTRL_BREAK is sent.
_WINDOWS = {"SIGINT": 2, "SIGTERM": 15, "SIGBREAK": 21}

_TABLES = {"linux": {**_EVERYWHERE, **_LINUX}, "darwin": {**_EVERYWHERE, **_MACOS}, "win32": _WINDOWS}


def signals_for(platform: str) -> Mapping[str, int]:
    """Return the usual numbers by name for a ``sys.platform``; for one that has no table in the file, those of this system."""
    return _TABLES.get(platform) or _of_this_system()


def signal_number(name: str, platform: str) -> int:
    """Return the number of a known name. This system's own number comes first: Linux numbers differ by processor."""
    usual = signals_for(platform)[name]
    return usual if platform == "win32" else _of_this_system().get(name, usual)


def full_name(name: str) -> str:
    """Return ``SIGTERM`` for any of ``TERM``, ``sigterm``, ``SIGTERM``."""
    upper = name.strip().upper()
    return upper if upper.startswith("SIG") else "SIG" + upper


def _of_this_system() -> Mapping[str, int]:
    return {name: int(member) for name, member in signal.Signals.__members__.items()}
