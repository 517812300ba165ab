"""``reloader why`` and ``reloader files`` where no session runs that could be asked. A composition root, which starts nothing."""

from __future__ import annotations

from reloader.core.notices import FilesListed, PathExplained
from reloader.core.settings import Settings
from reloader.engine.control.explain import Explainer
from reloader.engine.files.baseline import Baseline
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import session_watch_set


def explain(settings: Settings, path: str) -> PathExplained:
    disk = RealDisk(gitignore=settings.watch.gitignore)
    return Explainer(settings.watch, session_watch_set(settings, disk), disk).explain(path)


def list_files(settings: Settings) -> FilesListed:
    """What would count before the program has told what it imports."""
    disk = RealDisk(gitignore=settings.watch.gitignore)
    watch_set = session_watch_set(settings, disk)
    baseline = Baseline(disk, watch_set, by_content=False, follow_symlinks=settings.watch.follow_symlinks)
    baseline.take(lambda files: None)
    return FilesListed(baseline.watched(), is_live=False)
