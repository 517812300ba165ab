"""The watchers of a plan, and what is told of the choice between them."""

from __future__ import annotations

import os
from contextlib import ExitStack

from reloader.app.session_context import Lasting
from reloader.core.filesystems import verdict_on
from reloader.core.notices import BackendFellBack, Polling
from reloader.core.notices import Watching as WatchingNotice
from reloader.core.paths.watch_set import WatchSet
from reloader.core.settings import BackendName, RunPlan
from reloader.engine.files.backends import Watching
from reloader.engine.files.baseline import Baseline
from reloader.interfaces import Reporter
from reloader.system import Mounts
from reloader.watchers.choose import Choice, choose, must_be_polled, stat_watcher
from reloader.watchers.disk import RealDisk


def watching_of(
    session: Lasting, plan: RunPlan, watch_set: WatchSet, disk: RealDisk, resources: ExitStack
) -> tuple[Choice, Watching]:
    mounts, post = Mounts(), session.inbox.post
    choice = choose(plan.watch, watch_set, post, disk, mounts)
    resources.callback(choice.watcher.stop)
    watching = Watching(
        choice.watcher,
        watch_set,
        lambda: stat_watcher(plan.watch, post, disk),
        session.chronicle,
        os.sep,
        polled=[place.directory for place in choice.silent],
        must_poll=_AsItsDirectory(mounts) if plan.watch.backend is BackendName.AUTO else lambda path: False,
    )
    resources.callback(watching.stop)
    return choice, watching


def what_is_watched(plan: RunPlan, choice: Choice, baseline: Baseline) -> WatchingNotice:
    watcher = choice.watcher
    return WatchingNotice(
        plan.watch.roots, baseline.files, baseline.directories, watcher.name, watcher.mechanism, choice.why
    )


def tell_of_choice(reporter: Reporter, choice: Choice) -> None:
    """Which backend could not be had, and where none will do."""
    if choice.refused is not None:
        reporter.tell(BackendFellBack(choice.refused.backend, (), choice.refused.cause, choice.refused.remedy))
    for place in choice.silent:
        reporter.tell(Polling(place.directory, place.mount.type, verdict_on(place.mount.type).why))


class _AsItsDirectory:
    """Whether a file must be polled. Files of one directory lie on one file system, but for the rare file that is a mount."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts
        self._answers: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        directory = os.path.dirname(path)
        if directory not in self._answers:
            self._answers[directory] = must_be_polled(directory, self._mounts)
        return self._answers[directory]
