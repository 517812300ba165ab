"""``reloader why`` and ``reloader files`` where no session runs that could be asked. A composition root, which starts nothing."""

from __future__ import annotations

from reloader.core.notices import FilesListed, PathExplained
from reloader.core.settings import Settings
from reloader.engine.control.explain import Explainer
from reloader.engine.files.baseline import Baseline
from reloader.watchers.disk import RealDisk
from reloader.watchers.rules import watch_set_for


def explain(plan: Settings, path: str) -> PathExplained:
    disk = RealDisk(gitignore=plan.watch.gitignore)
    return Explainer(plan.watch, watch_set_for(plan, disk), disk).explain(path)


def list_files(plan: Settings) -> FilesListed:
    """What would count before the program has told what it imports."""
    disk = RealDisk(gitignore=plan.watch.gitignore)
    watch_set = watch_set_for(plan, disk)
    baseline = Baseline(disk, watch_set, by_content=False, follow_symlinks=plan.watch.follow_symlinks)
    baseline.take(lambda files: None)
    return FilesListed(baseline.existing(), is_live=False)
