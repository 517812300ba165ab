"""Messages about backends, scans and changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reloader.cli.output.formatting import count, seconds_of, short, some
from reloader.config.toml_syntax import in_toml
from reloader.core.notices import (
    BackendFellBack,
    Changed,
    EventsMissed,
    EventsOverflowed,
    Polling,
    RestartLoopSuspended,
    Scanning,
    ScansSlowed,
    Unchanged,
    Watching,
)


def scanning(notice: Scanning) -> str:
    return f"scanning: {notice.files:,} files so far"


def watching(notice: Watching) -> str:
    files = count(notice.files, "file", "files")
    directories = count(notice.directories, "directory", "directories")
    where = f" in {directories} under {', '.join(map(short, notice.roots))}" if notice.roots else ""
    until = ", until the program reports its imports" if notice.until_imports else ""
    why = f": {notice.why}" if notice.is_fallback else ""
    return f"watching {files}{where} by {notice.backend} ({notice.mechanism}){until}{why}"


def polling(notice: Polling) -> str:
    return f"polling {short(notice.directory)}, which is on {notice.file_system}: {notice.why}"


def backend_fell_back(notice: BackendFellBack) -> str:
    where = some(notice.directories)
    return f"{notice.backend} cannot watch {where}: {notice.cause}; polling instead. {notice.remedy}"


def events_overflowed(notice: EventsOverflowed) -> str:
    return f"{notice.backend} lost events, so reloader rescanned everything. {notice.remedy}"


def events_missed(notice: EventsMissed) -> str:
    return f"{notice.backend} did not report a change of {some(notice.paths)}, which a rescan found"


def scans_slowed(notice: ScansSlowed) -> str:
    return (
        f"scanning {notice.paths:,} paths takes {seconds_of(notice.cost)}, so reloader scans only every "
        f'{seconds_of(notice.interval)}. Watch fewer files, or set backend = "auto"'
    )


def changed(notice: Changed) -> str:
    if not notice.batch:
        return "changed: nothing"
    first = notice.batch.first
    others = len(notice.batch) - 1
    more = f" and {count(others, 'other', 'others')}" if others else ""
    return f"changed: {short(first.path)} ({first.kind.value}){more}"


def unchanged(notice: Unchanged) -> str:
    return f"unchanged content: {some(notice.paths)}"


def restart_loop_suspended(notice: RestartLoopSuspended) -> str:
    text = (
        f"{some(notice.paths)} caused {notice.restarts} restarts in {seconds_of(notice.within)}, each at the same moment "
        "of a run: the command probably writes there. Ignoring such changes until you restart. "
    )
    if notice.ignore is None:
        return f"{text}To ignore them for good, remove the file from extra_files"
    return f"{text}To ignore them for good, add to the config: ignore = {in_toml(notice.ignore)}"


MESSAGES: Mapping[type, Callable[..., str]] = {
    Scanning: scanning,
    Watching: watching,
    Polling: polling,
    BackendFellBack: backend_fell_back,
    EventsOverflowed: events_overflowed,
    EventsMissed: events_missed,
    ScansSlowed: scans_slowed,
    Changed: changed,
    Unchanged: unchanged,
    RestartLoopSuspended: restart_loop_suspended,
}
