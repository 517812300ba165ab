"""``reloader why`` and ``reloader files`` where no session runs that could be asked. Nothing is started."""

from __future__ import annotations

from reloader.app.file_tracking import watched_tree
from reloader.core.notices import FilesListed, PathExplained
from reloader.core.settings import Settings


def explain(settings: Settings, path: str) -> PathExplained:
    return watched_tree(settings).explainer().explain(path)


def list_files(settings: Settings) -> FilesListed:
    """List what a session would watch before its program has reported what it imports."""
    baseline = watched_tree(settings).baseline
    baseline.scan(lambda files: None)
    return FilesListed(baseline.watched(), is_live=False)
