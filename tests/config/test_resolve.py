"""The settings that a configuration makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reloader.config.options import PLATFORM_TABLES
from reloader.core.choices import BackendName, Framework, OnExit
from reloader.core.paths.filters import Patterns, Rule
from reloader.core.settings import PythonPolicy
from tests.config.projects import Project, project_in

TABLE_OF_THIS_PLATFORM = next((table for table, its in PLATFORM_TABLES.items() if its == sys.platform), "linux")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def test_every_key_arrives(project: Project) -> None:
    project.write("""
        command = "serve --port 8000"
        cwd = "backend"
        env = { A = "", B = "x" }
        env_files = [".env"]
        extra_files = ["../shared.cfg", ".env"]
        gitignore = false
        default_ignores = false
        follow_symlinks = false
        interval = 2
        backend = "stat"
        debounce = 0
        debounce_max = "1.5m"
        compare = "stat"
        on_exit = "wait"
        restart_code = false
        stop_signal = "int"
        stop_timeout = 0
        compatible = ["django", "werkzeug", "django"]
        [python]
        open_files = true
        site_packages = true
    """)
    settings = project.settings()
    launch, watch, restart = settings.launch, settings.watch, settings.restart
    assert launch.argv == ("serve", "--port", "8000")
    assert (launch.cwd, launch.env_files) == (project.path("backend"), (project.path(".env"),))
    assert launch.environment == {"A": "", "B": "x"}
    assert watch.extra_files == (str(project.directory.parent / "shared.cfg"), project.path(".env"))
    assert (watch.gitignore, watch.default_ignores, watch.follow_symlinks) == (False, False, False)
    assert (watch.interval, watch.backend, watch.compare_content) == (2.0, BackendName.STAT, False)
    assert (watch.debounce.quiet, watch.debounce.ceiling) == (0.0, 90.0)
    assert (restart.on_exit, restart.restart_code) == (OnExit.WAIT, None)
    assert (restart.stop.signal, restart.stop.timeout) == (2, 0.0)
    assert launch.compatible == (Framework.DJANGO, Framework.WERKZEUG)
    assert settings.python == PythonPolicy(modules=True, open_files=True, site_packages=True)


def test_the_keys_of_a_table_can_be_written_everywhere(project: Project) -> None:
    project.write(f"""
        command = "x"
        [python]
        site_packages = true
        [{TABLE_OF_THIS_PLATFORM}.python]
        open_files = true
    """)
    assert project.settings().python == PythonPolicy(modules=True, open_files=True, site_packages=True)
    environ = {"RELOADER_PYTHON_SITE_PACKAGES": "no", "RELOADER_PYTHON_MODULES": "false"}
    assert project.settings(environ=environ).python == PythonPolicy(modules=False, open_files=True, site_packages=False)
    flags = ["--python-modules", "--no-python-open-files"]
    assert project.settings(*flags, environ=environ).python == PythonPolicy()


def test_by_default_programs_report_their_modules_only(project: Project) -> None:
    assert project.settings("--", "x").python == PythonPolicy(modules=True, open_files=False, site_packages=False)
    assert project.settings("--compatible", "django,werkzeug", "--", "x").launch.compatible == tuple(
        reversed(list(Framework))
    )


def test_a_command_that_is_a_list_is_taken_as_it_is(project: Project) -> None:
    project.write("command = ['a', '', '$HOME', 'b  c']")
    assert project.settings().launch.argv == ("a", "", "$HOME", "b  c")


def test_patterns_below_the_base_stay_together_and_roots_are_minimal(project: Project) -> None:
    project.write("command = 'x'\nwatch = ['src/**/*.py', '!src/gen/', './src/web/*.js', 'templates/']")
    watch = project.settings().watch
    source = "reloader.toml"
    assert watch.roots == (project.path("src"), project.path("templates"))
    assert watch.watch == (
        Patterns(
            project.path(),
            (
                Rule("src/**/*.py", source),
                Rule("!src/gen/", source),
                Rule("src/web/*.js", source),
                Rule("/templates/", source),
            ),
            ignore_case=project.platform == "win32",
        ),
    )


def test_of_patterns_with_several_bases_the_last_is_asked_first(project: Project) -> None:
    project.write("command = 'x'\nwatch = ['../a/*.x', 'b', '!../a/*.y', '../a/*.z']")
    outside = str(project.directory.parent / "a")
    patterns = project.settings().watch.watch
    assert patterns is not None
    assert [(one.base, [rule.pattern for rule in one.rules]) for one in patterns] == [
        (outside, ["!/*.y", "/*.z"]),
        (project.path(), ["b"]),
        (outside, ["/*.x"]),
    ]


def test_patterns_ignore_case_on_windows_only(tmp_path: Path) -> None:
    for platform in ("linux", "darwin", "win32"):
        patterns = project_in(tmp_path, platform).settings("--watch", "*.py", "--", "x").watch.watch
        assert patterns is not None
        assert patterns[0].ignore_case is (platform == "win32")


def test_a_directory_that_is_there_is_a_root_without_a_slash_at_its_end(project: Project) -> None:
    (project.directory / "src" / "web").mkdir(parents=True)
    assert project.settings("--watch", "src/web", "--", "x").watch.roots == (project.path("src", "web"),)
    assert project.settings("--watch", "src/other", "--", "x").watch.roots == (project.path("src"),)


def test_an_empty_list_watches_nothing_but_extra_files(project: Project) -> None:
    watch = project.settings("--watch", "", "--extra-files", "x", "--", "x").watch
    assert (watch.watch, watch.roots, watch.extra_files) == ((), (), (project.path("x"),))


def test_an_ignore_pattern_may_begin_with_the_base(project: Project) -> None:
    rules = project.settings("--ignore", "./build/,!./build/keep,/dist,*.log", "--", "x").watch.ignore
    assert [rule.pattern for rule in rules] == ["/build/", "!/build/keep", "/dist", "*.log"]


def test_a_whole_disk_can_be_forced(project: Project) -> None:
    disk = project.directory.anchor.replace("\\", "/")
    assert project.settings("--watch", disk, "--allow-dangerous-root", "--", "x").watch.roots == (
        project.directory.anchor,
    )


def test_the_home_directory_can_be_forced(project: Project) -> None:
    settings = project.settings(
        "--watch", "~", environ={"RELOADER_ALLOW_DANGEROUS_ROOT": "yes", "RELOADER_COMMAND": "x"}
    )
    assert settings.watch.roots == (project.path("home"),)


def test_a_directory_below_home_is_no_danger(project: Project) -> None:
    (project.directory / "home" / "code").mkdir(parents=True)
    assert project.settings("--", "x", within="home/code").watch.roots == (project.path("home", "code"),)
