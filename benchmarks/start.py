"""Measures ``reloader --version`` and ``--help`` as multiples of an empty Python program. Fails if they are too slow.

    python -m benchmarks.start [--pairs 40]

Each answer and the empty program take turns, in random order, with the same interpreter. The result is the median of the
quotients. So a busy moment of the machine affects both, and what the environment adds to every start cancels out.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import machine, milliseconds, table

#: The most that an answer may take, as a multiple of the empty program.
LIMITS = {"--version": 2.5, "-h": 4.0, "--help": 4.0}
NOTHING = (sys.executable, "-c", "pass")


def seconds(command: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def pair(command: tuple[str, ...]) -> tuple[float, float]:
    """Return the seconds of ``command`` and of the empty program, measured one after the other."""
    turns = [command, NOTHING]
    random.shuffle(turns)
    taken = {turn: seconds(turn) for turn in turns}
    return taken[command], taken[NOTHING]


def measured(command: tuple[str, ...], pairs: int) -> list[tuple[float, float]]:
    pair(command)  # the first one fills the caches of bytecode and files
    return [pair(command) for _ in range(pairs)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    pairs = parser.parse_args().pairs
    program = str(Path(sysconfig.get_path("scripts")) / "reloader")
    rows, is_within = [], True
    for flag, limit in LIMITS.items():
        taken = measured((program, flag), pairs)
        times = median(ours / nothing for ours, nothing in taken)
        is_within &= times <= limit
        ours, nothing = (median(one[place] for one in taken) for place in (0, 1))
        rows.append((f"reloader {flag}", milliseconds(ours), milliseconds(nothing), f"{times:.2f}", f"{limit:g}"))
    print(table(("", "ms", "python -c pass, ms", "times", "at most"), rows))
    print(f"\nMedians of {pairs} pairs; {machine()}.")
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
