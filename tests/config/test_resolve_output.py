from __future__ import annotations

from pathlib import Path

from reloader.core.settings import OutputSettings
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set
from tests.config.projects import project_in


def test_output_is_plain_by_default(tmp_path: Path) -> None:
    assert project_in(tmp_path).settings("--", "x").output == OutputSettings()


def test_every_output_key_is_in_the_settings(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    settings = project.settings("--clear", "--bell", "--notify", "--timestamps", "--log-file", "a.log", "--", "x")
    assert settings.output == OutputSettings(
        clear=True, bell=True, notify=True, timestamps=True, log_file=project.path("a.log")
    )


def test_the_log_is_ignored_however_it_is_named_and_files_next_to_it_are_not(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    for name in ("out.txt", "sub/[x] *.py", "#out"):
        settings = project.settings("--watch", "*", "--ignore", "!*", "--log-file", name, "--", "x")
        path_filter = configured_watch_set(settings.watch, RealDisk(gitignore=True)).filter
        log = project.path(*name.split("/"))
        assert not path_filter.is_watched(log)
        assert not path_filter.is_watched(log + ".1")
        assert path_filter.is_watched(log + ".2")
        assert path_filter.is_watched(project.path("other", "out.txt"))


def test_a_log_elsewhere_needs_no_rule(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    assert project.settings("--log-file", str(tmp_path.parent / "a.log"), "--", "x").watch.ignore == ()
