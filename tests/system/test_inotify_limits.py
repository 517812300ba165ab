"""What inotify lends, and who has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reloader.core.notices import DoctorLimit, Level
from reloader.core.settings import WatchSettings
from reloader.system.inotify_limits import watch_limits
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import configured_watch_set
from tests.support.platforms.limits import linux_only
from tests.support.watching.backends import needs_watchdog


@pytest.fixture
def limit() -> Callable[[str], DoctorLimit]:
    return lambda name: next(limit for limit in watch_limits() if limit.setting == f"fs.inotify.{name}")


@linux_only
class TestInotify:
    def test_the_limits_are_those_of_the_kernel(self, limit: Callable[[str], DoctorLimit]) -> None:
        for name in ("max_user_watches", "max_user_instances", "max_queued_events"):
            assert limit(name).limit == int(Path("/proc/sys/fs/inotify", name).read_text())

    @needs_watchdog
    def test_the_watches_of_a_process_are_counted(self, tmp_path: Path) -> None:
        from reloader.system.inotify_limits import _instances_of
        from reloader.watchers.inotify import InotifyWatcher

        (tmp_path / "one" / "two").mkdir(parents=True)
        settings = WatchSettings(str(tmp_path), (str(tmp_path),))
        watcher = InotifyWatcher(lambda news: None, RealDisk(), follow_symlinks=True)
        watcher.start(configured_watch_set(settings, RealDisk()))
        try:
            assert 3 in _instances_of(str(os.getpid()))
            used = [limit.used or 0 for limit in watch_limits()]
        finally:
            watcher.stop()
        assert used[0] >= 3
        assert used[1] >= 1

    def test_a_process_that_has_ended_has_no_watches(self) -> None:
        from reloader.system.inotify_limits import _instances_of

        with pytest.raises(OSError, match="No such file"):
            list(_instances_of("0"))


@pytest.mark.parametrize(("used", "level"), [(None, Level.INFO), (90, Level.INFO), (91, Level.WARNING)])
def test_a_nearly_reached_limit_is_a_warning(used: int | None, level: Level) -> None:
    assert DoctorLimit("a setting", 100, used).level is level
