"""Measures the time from an edit to the first line of the new child, and that of a bare start of the same child.

Bare starts and edits alternate. The tools take turns in random order, each in a small project of its own. So a busy moment of
the machine affects all of them alike.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contest import Contestant, Refused, contestant, pause_a_little
from benchmarks.findings import Found
from benchmarks.sessions import pause
from benchmarks.tools import Tool, say
from benchmarks.trees import make_tree

#: Seconds before a tool is ready for its first edit.
WARM_UP = 2.0
STORM_FILES = 500


def measure_edits(tools: Sequence[Tool], pairs: int) -> list[Found]:
    """Measure all tools side by side. The result of a tool that does not run says so."""
    found = {tool.name: Found(tool.name, tool.version) for tool in tools}
    with ExitStack() as resources:
        running: list[Contestant] = []
        for tool in tools:
            try:
                running.append(_enter(tool, resources))
            except Refused as refused:
                found[tool.name].refused = str(refused)
        pause(WARM_UP)
        for number in range(1, pairs + 1):
            for one in random.sample(running, len(running)):
                one.measure_pair(found[one.tool.name].small, number)
                pause_a_little()
    return list(found.values())


def _enter(tool: Tool, resources: ExitStack) -> Contestant:
    project = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="reloader-latency-")))
    tool.lay_out(project)
    say(project, "edit 0", 0)
    entered = resources.enter_context(contestant(tool, project))
    entered.expect("edit 0")
    return entered


def restarts_of_storms(tool: Tool, storms: int) -> list[int]:
    """Count the restarts after 500 files are rewritten at once. The last run must have read the last content."""
    is_watched: list[int] = []
    with tempfile.TemporaryDirectory(prefix="reloader-latency-") as directory:
        project = Path(directory)
        make_tree(project, STORM_FILES - 1)
        modules = sorted((project / "src").rglob("*.py"))
        tool.lay_out(project)
        say(project, "storm 0", 0)
        with contestant(tool, project) as one:
            one.expect("storm 0")
            one.session.lines_until_quiet(WARM_UP)
            for number in range(1, storms + 1):
                for module in modules:
                    module.write_text(f"storm = {number}\n", encoding="utf-8")
                say(project, f"storm {number}", number)
                lines = one.session.lines_until_quiet(WARM_UP)
                if lines[-1:] != [f"storm {number}"]:
                    raise SystemExit(f"the last child of storm {number} said {lines[-1:]}")
                is_watched.append(len(lines))
    return is_watched
