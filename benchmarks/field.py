"""Measures reloader and its peers in one run on one machine, for the tables and the chart of the manual.

    python -m benchmarks.field [--peers DIR] [--only NAME …] [--files N …] [--pairs N] [--quick] [--out DIR]

``benchmarks/peers DIR`` makes the environment of the peers. The results are kept as JSON, from which
``python -m benchmarks.chart`` writes the tables and the chart again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chart import publish
from benchmarks.figures import load_average, machine
from benchmarks.findings import Results, Settings
from benchmarks.large import measure_tree
from benchmarks.latency import measure_edits, restarts_of_storms
from benchmarks.report import full_tables
from benchmarks.sessions import accept_signals
from benchmarks.tools import Tool, peers, reloaders

SIZES = (1_000, 10_000, 100_000)
#: pairs, starts, edits in each tree, seconds at rest, storms
FULL = (25, 3, 3, 20.0, 5)
QUICK = (2, 1, 1, 2.0, 1)


def measure(tools: Sequence[Tool], sizes: Sequence[int], settings: Settings, storms: int) -> Results:
    load = load_average()
    _report(f"{len(tools)} tools, {settings.pairs} edits of each")
    found = measure_edits(tools, settings.pairs)
    results = Results(machine(), (load, load), settings, found)
    able = [tool for tool in tools if tool.name in {one.name for one in results.measured}]
    for files in sizes:
        _report(f"a tree of {files} files")
        with tempfile.TemporaryDirectory(prefix="reloader-field-") as directory:
            trees, results.directories[files] = measure_tree(Path(directory), files, able, settings)
        for one in results.measured:
            one.trees[files] = trees[one.name]
    if storms and able and results.measured[0].is_ours:
        _report("storms")
        results.storms = restarts_of_storms(able[0], storms)
    results.loads = (load, load_average())
    return results


def _report(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, metavar="DIR", help="compare with the reloaders in this environment")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only tools whose name begins so")
    parser.add_argument("--files", type=int, nargs="+", help="sizes of the trees")
    parser.add_argument("--pairs", type=int, help="bare starts and edits of each tool")
    parser.add_argument("--starts", type=int, help="of each tool in each tree")
    parser.add_argument("--edits", type=int, help="of each tool in each tree")
    parser.add_argument("--idle", type=float, help="seconds to look at the tools at rest")
    parser.add_argument("--storms", type=int, help="how often 500 files are rewritten at once")
    parser.add_argument("--quick", action="store_true", help="a look whether all works; the figures mean little")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to keep what was found; unset: print it only")
    options = parser.parse_args()
    for name, value in zip(
        ("pairs", "starts", "edits", "idle", "storms"), QUICK if options.quick else FULL, strict=True
    ):
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.files = options.files or (SIZES[:1] if options.quick else SIZES)
    return options


def main() -> int:
    options = _options()
    accept_signals()
    tools = [*reloaders(), *(peers(options.peers.resolve()) if options.peers else [])]
    chosen = [tool for tool in tools if options.only is None or tool.name.startswith(tuple(options.only))]
    settings = Settings(options.pairs, options.starts, options.edits, options.idle)
    results = measure(chosen, options.files, settings, options.storms)
    print(full_tables(results))
    if options.out is not None:
        publish(results, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
