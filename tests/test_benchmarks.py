"""The comparison with other reloaders runs and reports its results, with this project alone and as briefly as possible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.chart import draw, put_between_marks
from benchmarks.findings import Found, InTree, Pairs, Results, Settings, load, save
from benchmarks.report import full_tables, summary, where_peers_are_ahead
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import ROOT

FILES = "300"
BACKENDS = ("reloader (watchdog)", "reloader (stat)", "reloader (watchman)")


def run(module: str, *arguments: str | Path) -> str:
    """Return the output of a command of the benchmarks."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return the output of the quickest run, and the directory with its results."""
    directory = tmp_path_factory.mktemp("field")
    quickest = ("--quick", "--only", "reloader", "--files", FILES, "--pairs", "1", "--idle", "0.5", "--storms", "0")
    return run("field", *quickest, "--out", directory), directory


@linux_only
class TestAQuickRunOfThisProject:
    def test_finds_every_backend_or_says_why_it_is_unavailable(self, kept: tuple[str, Path]) -> None:
        results = load(kept[1] / "field.json")
        assert tuple(tool.name for tool in results.tools) == BACKENDS
        assert all(tool.refused for tool in results.tools if tool not in results.measured)
        assert "reloader (stat)" in [tool.name for tool in results.measured]

    def test_misses_no_edit(self, kept: tuple[str, Path]) -> None:
        for tool in load(kept[1] / "field.json").measured:
            assert (tool.edits, tool.missed, tool.trees[int(FILES)].never) == (2, 0, 0), tool.name

    def test_fills_every_column(self, kept: tuple[str, Path]) -> None:
        for tool in load(kept[1] / "field.json").measured:
            tree = tool.trees[int(FILES)]
            assert None not in (tree.seen, tree.memory, tree.watches, tree.idle, tree.wakeups), tool.name
            assert tree.first[0] <= tree.ready[0]

    def test_counts_kernel_watches_of_watched_directories_only(self, kept: tuple[str, Path]) -> None:
        results = load(kept[1] / "field.json")
        watches = {tool.name: tool.trees[int(FILES)].watches for tool in results.measured}
        assert watches["reloader (stat)"] == 0
        outside = 5  # the checkout, which is on the PYTHONPATH, and the like; some sixty directories are ignored
        assert (watches.get("reloader (watchdog)") or 0) <= results.directories[int(FILES)] + outside

    def test_prints_the_results_that_it_keeps(self, kept: tuple[str, Path]) -> None:
        assert kept[0] == (kept[1] / "field.md").read_text(encoding="utf-8")

    def test_can_be_written_and_drawn_again_without_measuring(self, kept: tuple[str, Path]) -> None:
        written = {file: file.read_bytes() for file in kept[1].iterdir()}
        (kept[1] / "field.svg").unlink()
        (kept[1] / "field.md").unlink()
        run("chart", kept[1] / "field.json")
        assert {file: file.read_bytes() for file in kept[1].iterdir()} == written


def tool(name: str, edit: float = 0.1, **tree: float) -> Found:
    figures = {"memory": 2**20, "watches": 10, "idle": 0.01, "wakeups": 1.0, **tree}
    ready = [figures.pop("ready", 1.0)]
    found = InTree([0.2], ready, memory=int(figures["memory"]), watches=int(figures["watches"]), idle=figures["idle"])
    return Found(name, "1.0", small=Pairs([0.0], [edit]), trees={1000: found})


def results(*tools: Found) -> Results:
    return Results("a machine", (0.0, 0.0), Settings(1, 1, 1, 1.0), list(tools), {1000: 42})


class TestTheReport:
    def test_names_each_peer_that_is_ahead_in_a_column_with_its_figure(self) -> None:
        sentence = where_peers_are_ahead(
            results(tool("reloader (x)"), tool("quick", edit=0.05), tool("slow", edit=0.2))
        )
        assert sentence == "Ahead of `reloader (x)` are, in edit → new child: quick (50 ms)."

    def test_says_so_when_no_peer_is_ahead(self) -> None:
        sentence = where_peers_are_ahead(results(tool("reloader (x)"), tool("peer")))
        assert sentence == "No peer that was measured is ahead of `reloader (x)` in any of these columns."

    def test_ignores_differences_that_the_table_does_not_show(self) -> None:
        assert "No peer" in where_peers_are_ahead(results(tool("reloader (x)"), tool("peer", ready=0.9999)))

    def test_puts_reloader_first_and_then_the_quickest(self) -> None:
        lines = summary(results(tool("slow", edit=0.2), tool("quick", edit=0.05), tool("reloader (x)"))).splitlines()
        assert [line.split("|")[1].strip() for line in lines[2:5]] == ["reloader (x)", "quick", "slow"]

    def test_says_why_a_tool_is_unavailable(self) -> None:
        refused = Found("reloader (y)", "1.0", refused="it does not want to")
        assert "reloader (y) is not available: it does not want to" in full_tables(
            results(tool("reloader (x)"), refused)
        )

    def test_counts_a_start_in_which_no_edit_was_seen_as_the_slowest(self) -> None:
        assert InTree(ready=[3.0, 1.0], never=1).seen == 3.0
        assert InTree(ready=[1.0], never=2).seen is None


def drawn(results: Results) -> ET.Element:
    return ET.fromstring(draw(results))  # noqa: S314 nobody else wrote it


class TestTheChart:
    def test_is_valid_and_names_every_tool_with_its_figures(self) -> None:
        chart = drawn(results(tool("reloader (x)", edit=0.1), tool("a < b & c", ready=7.25)))
        texts = [element.text for element in chart.iter("{http://www.w3.org/2000/svg}text")]
        assert {"reloader (x)", "a < b & c", "100", "7.25"} <= set(texts)

    def test_stays_within_its_frame(self) -> None:
        widest = tool("reloader (x)", edit=0.0001, idle=0.0), tool("peer", edit=9.99, idle=1.0, memory=2**30)
        chart = drawn(results(*widest))
        places = [float(element.attrib["cx"]) for element in chart.iter("{http://www.w3.org/2000/svg}circle")]
        assert len(places) == 8
        assert all(0 <= place <= float(chart.attrib["width"]) for place in places)

    def test_of_the_repository_is_drawn_from_its_results(self) -> None:
        directory = ROOT / "benchmarks/results"
        found = load(directory / "field.json")
        assert (directory / "field.svg").read_text(encoding="utf-8") == draw(found)
        assert summary(found) in (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
        assert full_tables(found) in (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")


def test_results_are_kept_as_they_were(tmp_path: Path) -> None:
    found = results(tool("reloader (x)"), Found("peer", "2.0", refused="no"))
    save(found, tmp_path / "field.json")
    assert load(tmp_path / "field.json") == found


def test_only_the_text_between_the_marks_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- field -->\nold\n<!-- /field -->\nafter\n", encoding="utf-8")
    put_between_marks(file, r"new \1")
    assert file.read_text(encoding="utf-8") == "before\n<!-- field -->\n\nnew \\1\n\n<!-- /field -->\nafter\n"


def test_a_file_without_marks_is_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="not one place"):
        put_between_marks(file, "new")
    assert file.read_text(encoding="utf-8") == "no marks\n"
