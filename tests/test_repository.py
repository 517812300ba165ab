"""The repository itself: its lay-out, its locks, its workflows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "packaging/requirements.txt",
    "packaging/requirements-dev.txt",
    "packaging/requirements-build.txt",
    "packaging/requirements-docs.txt",
)
GROUPS = {LOCKS[1]: "dev", LOCKS[2]: "build", LOCKS[3]: "docs"}
PROJECT = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOP_LEVEL = {
    ".ci", ".github", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "benchmarks", "config", "docs",
    "packaging", "pyproject.toml", "reloader", "tests",
}  # fmt: skip


def _git(*arguments: str) -> list[str]:
    """The lines of git's answer. Skips where the files came without their history, as from an sdist."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git checkout, or there is no git: it cannot be asked which files belong to the project")
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout.splitlines()


def test_the_top_level_has_only_the_agreed_names() -> None:
    assert {
        path.partition("/")[0] for path in _git("ls-files", "--cached", "--others", "--exclude-standard")
    } <= TOP_LEVEL


def test_git_keeps_scripts_executable() -> None:
    entries = [line.split(maxsplit=3) for line in _git("ls-files", "--stage")]
    plain = [name for mode, _, _, name in entries if mode == "100644"]
    assert [name for name in plain if (ROOT / name).read_bytes()[:2] == b"#!" and not name.endswith(".py")] == []


def _locked(lock: str) -> dict[str, list[Requirement]]:
    """The pinned requirements of a lock, by name; one name may be there for several Pythons."""
    found: dict[str, list[Requirement]] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", " ")):
            requirement = Requirement(line.removesuffix("\\").strip())
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def _wanted(lock: str) -> list[Requirement]:
    more = PROJECT["dependency-groups"][GROUPS[lock]] if lock in GROUPS else []
    return [Requirement(text) for text in [*PROJECT["project"]["dependencies"], *more]]


def _pin(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def _unmet(lock: str, python: str, platform: str) -> Iterator[str]:
    here = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": platform}
    locked = _locked(lock)
    for wanted in _wanted(lock):
        if wanted.marker is None or wanted.marker.evaluate(here):
            candidates = locked.get(canonicalize_name(wanted.name), [])
            pins = [_pin(one) for one in candidates if one.marker is None or one.marker.evaluate(here)]
            if len(pins) != 1 or not wanted.specifier.contains(pins[0]):
                yield f"{wanted} on Python {python}: locked is {pins}; run packaging/lock"


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_a_lock_has_every_requirement(lock: str, python: str, platform: str) -> None:
    assert list(_unmet(lock, python, platform)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=[a-z0-9])", text.partition("\n")[2])
    assert [one for one in requirements if "--hash=sha256:" not in one] == []
    assert re.findall(r"://|--(?:extra-)?index|--find-links|@ |file:", text) == []


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_every_lock_pins_the_same_versions(lock: str) -> None:
    runtime, larger = _locked(LOCKS[0]), _locked(lock)
    assert {name: [str(one) for one in larger[name]] for name in runtime} == {
        name: [str(one) for one in pins] for name, pins in runtime.items()
    }


def test_the_build_backend_is_locked_too() -> None:
    assert {canonicalize_name(Requirement(text).name) for text in PROJECT["build-system"]["requires"]} <= _locked(
        LOCKS[1]
    ).keys()


def _tool(name: str) -> str:
    """A tool from the environment of this Python, whether or not that is activated."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: it is in packaging/requirements-dev.txt, but not in every environment")
    return found


def _run(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def _workflows() -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / ".github/workflows").glob("*.y*ml"))]


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    code, text = _run(_tool("zizmor"), "--offline", "--persona", "auditor", ".github")
    assert code == 0, text


@pytest.mark.parametrize(
    ("schema", "path"),
    [*(("vendor.github-workflows", path) for path in _workflows()), ("vendor.dependabot", ".github/dependabot.yml")],
)
def test_a_workflow_keeps_to_its_schema(schema: str, path: str) -> None:
    code, text = _run(_tool("check-jsonschema"), "--builtin-schema", schema, path)
    assert code == 0, text


@pytest.mark.parametrize("path", _workflows())
def test_every_action_is_pinned_by_its_hash_and_says_which_version_that_is(path: str) -> None:
    uses = re.findall(r"uses:\s*(.*)", (ROOT / path).read_text(encoding="utf-8"))
    assert uses
    assert [one for one in uses if not re.fullmatch(r"[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_pyproject_is_valid() -> None:
    code, text = _run(_tool("validate-pyproject"), "pyproject.toml")
    assert code == 0, text


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_supported_python_is_tested(version: str) -> None:
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]
    assert f'"{version}"' in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")


def test_this_python_is_supported() -> None:
    assert f"Programming Language :: Python :: 3.{sys.version_info.minor}" in PROJECT["project"]["classifiers"]
