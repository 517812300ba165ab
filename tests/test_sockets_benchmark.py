"""The comparison under load counts what it says that it counts, and the pages show what it found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.clients import Fate, Tally, Visit, tally
from benchmarks.survival import Kept, Survival, load, publish, summary, tables
from tests.support.platforms.limits import linux_only
from tests.support.programs.announcements import ROOT


def kept(*found: Survival, server: str = "http.server") -> Kept:
    return Kept("a machine", (0.0, 0.0), 0.005, {server: [(0.1, 0.01), (0.3, 0.02)]}, {server: "1.0"}, list(found))


def survival(server: str = "http.server", tool: str = "reloader", refused: int = 0) -> Survival:
    return Survival(server, tool, "1.0", 50, 50, Tally(1000, refused, 0, 0, 0, 0.25))


class TestATally:
    def test_knows_by_the_ports_which_connections_were_accepted(self, tmp_path: Path) -> None:
        taken = tmp_path / "taken.log"
        taken.write_text("1\n2\n2\n")
        visits = [
            Visit(0.0, 0.5, Fate.SERVED, 1, "content: 1"),
            Visit(0.0, 9.0, Fate.LOST, 2),
            Visit(0.0, 0.1, Fate.SERVED, 2, "content: 1"),
            Visit(0.0, 9.0, Fate.LOST, 3),
            Visit(0.0, 0.0, Fate.REFUSED),
            Visit(0.0, 30.0, Fate.UNANSWERED, 4),
        ]
        assert tally(visits, taken) == Tally(6, refused=1, lost=1, in_flight=1, unanswered=1, longest=0.5)

    def test_of_a_server_that_accepted_nothing_counts_every_loss_as_not_accepted(self, tmp_path: Path) -> None:
        assert tally([Visit(0.0, 9.0, Fate.LOST, 3)], tmp_path / "none").lost == 1


class TestWhatIsKept:
    def test_is_replaced_only_by_new_results_of_the_same_server(self, tmp_path: Path) -> None:
        publish(kept(survival(), survival(tool="nodemon", refused=7)), tmp_path)
        publish(kept(survival(tool="nodemon", refused=8)), tmp_path)
        publish(kept(survival("gunicorn"), server="gunicorn"), tmp_path)
        found = load(tmp_path / "sockets.json").found
        assert [(one.server, one.tool, one.clients.refused) for one in found] == [
            ("http.server", "reloader", 0),
            ("gunicorn", "reloader", 0),
            ("http.server", "nodemon", 8),
        ]

    def test_is_shown_in_milliseconds_with_those_of_the_server(self) -> None:
        row = tables(kept(survival())).splitlines()[2]
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells == [
            "http.server 1.0",
            "reloader",
            "50",
            "1,000",
            "0",
            "0",
            "0",
            "250",
            "200 (up to 300)",
            "15 (up to 20)",
        ]

    def test_says_how_many_restarts_failed(self) -> None:
        one = Survival("http.server", "peer", "", 3, 50, Tally(1, 0, 0, 0, 0, 0.1))
        assert "| 3 of 50 " in tables(kept(one))

    def test_of_the_repository_is_on_the_pages(self) -> None:
        found = load(ROOT / "benchmarks/results/sockets.json")
        assert summary(found) in (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
        assert tables(found) in (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")


@linux_only
def test_a_quick_run_refuses_no_client(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "benchmarks.sockets", "--only", "http.server", "--restarts", "2", "--starts", "1")
    done = subprocess.run(
        [*command, "--out", tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (found,) = load(tmp_path / "sockets.json").found
    assert (found.server, found.tool, found.restarts) == ("http.server", "reloader", 2)
    assert (found.clients.refused, found.clients.lost, found.clients.unanswered) == (0, 0, 0)
