"""The list of contents of a release can be made, and its jobs have only the permissions that they need."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.programs.announcements import ROOT

RELEASE = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
JOBS = dict(
    re.findall(r"^  ([a-z-]+):\n(.*?)(?=^  [a-z-]+:\n|\Z)", RELEASE.partition("\njobs:\n")[2], re.DOTALL | re.MULTILINE)
)


@pytest.mark.skipif(
    find_spec("cyclonedx_py") is None, reason="cyclonedx-bom is a tool of the release; Wine's Python has none"
)
def test_the_list_of_contents_names_what_is_locked(tmp_path: Path) -> None:
    file = tmp_path / "reloader.cdx.json"
    options = [
        "--pyproject",
        "pyproject.toml",
        "--mc-type",
        "application",
        "--output-reproducible",
        "--spec-version",
        "1.6",
    ]
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", *options, "--output-format", "JSON"]
    subprocess.run(
        [*command, "--output-file", str(file), "packaging/requirements.txt"], cwd=ROOT, check=True, timeout=120
    )
    listed = json.loads(file.read_text(encoding="utf-8"))
    locked = re.findall(
        r"^([a-z0-9-]+)==(\S+)", (ROOT / "packaging/requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed["metadata"]["component"]["name"] == "reloader"
    assert [(one["name"], one["version"]) for one in listed["components"]] == locked


def test_nothing_is_published_before_everything_is_verified() -> None:
    needs = {
        name: re.findall(r"[\w-]+", (re.search(r"needs: \[(.*)\]", text) or [""] * 2)[1]) for name, text in JOBS.items()
    }
    before: set[str] = set()
    waiting = ["publish"]
    while waiting:
        before |= {*needs[waiting.pop()]} - before
        waiting = [name for name in before if {*needs[name]} - before]
    assert before == JOBS.keys() - {"publish"}


def test_no_secret_is_stored_and_only_four_jobs_may_write() -> None:
    assert "secrets." not in RELEASE
    writing = {name: sorted(re.findall(r"([\w-]+): write", text)) for name, text in JOBS.items() if ": write" in text}
    assert writing == {
        "assets": ["attestations", "id-token"],
        "draft": ["contents"],
        "publish": ["contents"],
        "pypi": ["id-token"],
    }


def test_the_tag_has_to_be_the_version() -> None:
    assert 'test "$TAG" = "v$version"' in JOBS["packages"]
