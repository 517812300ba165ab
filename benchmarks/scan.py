"""Measures one scan of the stat backend, as a multiple of a C loop of stat(2) over the same paths.

python -m benchmarks.scan [--files N] [--directories N] [--pairs N] [--at-most RATIO]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import load_average, machine, table
from benchmarks.trees import make_tree
from reloader.core.settings import WatchSettings
from reloader.watchers.disk import RealDisk
from reloader.watchers.polling import RECENT_NS, Scanner
from reloader.watchers.rules import configured_watch_set

SOURCE = Path(__file__).with_name("stat_loop.c")


@dataclass(frozen=True, slots=True)
class Cost:
    """The seconds of one round over all paths."""

    wall: float
    processor: float


class StatLoop:
    """The C loop, compiled in ``directory``. It waits for the request for each round."""

    def __init__(self, directory: Path, paths: list[str]) -> None:
        program, self._list = directory / "stat_loop", directory / "paths"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", program, SOURCE], check=True)
        self._list.write_bytes(b"".join(os.fsencode(path) + b"\n" for path in paths))
        self._process = subprocess.Popen(
            [program, self._list], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def close(self) -> None:
        self._process.communicate()

    def round(self) -> Cost:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        wall, processor, failed = self._process.stdout.readline().split()
        if int(failed):
            raise SystemExit(f"{failed} paths could not be looked at")
        return Cost(float(wall), float(processor))


def scan_round(scanner: Scanner) -> Cost:
    wall, processor = time.perf_counter(), time.thread_time()
    hints = scanner.scan()
    cost = Cost(time.perf_counter() - wall, time.thread_time() - processor)
    if hints:
        raise SystemExit(f"the tree changed under the benchmark: {hints[0]}")
    return cost


def measure(options: argparse.Namespace, directory: Path) -> float:
    """Print the table and return the median ratio of processor times."""
    tree = directory / "tree"
    make_tree(tree, options.files, per_directory=max(1, options.files // options.directories))
    time.sleep(RECENT_NS / 1e9)  # noqa: TID251 - recent files are reported by each scan
    disk = RealDisk()
    scanner = Scanner(disk, configured_watch_set(WatchSettings(str(tree), (str(tree),)), disk), follow_symlinks=True)
    scanner.scan()
    paths = [str(tree), *(str(path) for path in tree.rglob("*"))]
    if len(paths) != len(scanner):
        raise SystemExit(f"the scanner knows {len(scanner)} paths, the tree has {len(paths)}")
    with closing(StatLoop(directory, paths)) as loop:
        loop.round()
        pairs = [(loop.round(), scan_round(scanner)) for _ in range(options.pairs)]
    print(
        f"{machine()}, load {load_average()}; "
        f"{options.files} files, {len(paths) - options.files} directories, {options.pairs} pairs\n"
    )
    print(table(("", "C loop, µs a path", "scan, µs a path", "ratio (median of pairs)"), _rows(pairs, len(paths))))
    return median(scan.processor / loop.processor for loop, scan in pairs)


def _rows(pairs: list[tuple[Cost, Cost]], paths: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, pick in (("processor time", lambda cost: cost.processor), ("wall clock", lambda cost: cost.wall)):
        loops, scans = [pick(loop) for loop, _ in pairs], [pick(scan) for _, scan in pairs]
        ratio = median(scan / loop for loop, scan in zip(loops, scans, strict=True))
        rows.append((name, f"{median(loops) / paths * 1e6:.2f}", f"{median(scans) / paths * 1e6:.2f}", f"{ratio:.2f}"))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--directories", type=int, default=1_000)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--at-most", type=float, help="end with 1 if the ratio of processor times is above this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reloader-scan-") as directory:
        ratio = measure(options, Path(directory))
    if options.at_most is not None and ratio > options.at_most:
        print(f"\ntoo slow: {ratio:.2f} times the C loop, {options.at_most:g} are allowed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
