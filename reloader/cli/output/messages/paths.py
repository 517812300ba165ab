"""Messages with which ``reloader why`` and ``reloader files`` explain what is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reloader.cli.output.formatting import count, short
from reloader.core.notices import FilesListed, PathExplained


def path_explained(notice: PathExplained) -> str:
    return ". ".join(_sentences(notice))


def files_listed(notice: FilesListed) -> str:
    when = "" if notice.is_live else ", before the program reports its imports"
    return f"{count(len(notice.files), 'file is', 'files are')} watched{when}"


MESSAGES: Mapping[type, Callable[..., str]] = {PathExplained: path_explained, FilesListed: files_listed}


def _sentences(explained: PathExplained) -> Iterator[str]:
    is_directory, is_watched = explained.kind == "directory", explained.is_watched
    if is_directory:
        verdict = "is searched for files" if is_watched else "is skipped"
    else:
        verdict = "is watched" if is_watched else "is not watched"
    yield f"{short(explained.path)} {verdict}: {_cause(explained)}"
    if explained.importer:
        yield f"{short(explained.importer)} imports it"
    if explained.target:
        yield f"It is a link to {short(explained.target)}" + (
            "; both ends are watched" if is_watched and not is_directory else ""
        )
    if explained.kind == "missing":
        yield "It does not exist" + ("; creating it would restart the command" if is_watched else "")
    elif not is_directory:
        yield "A change to it restarts the command" if is_watched else "A change to it is ignored"
    if explained.backend:
        yield f"{explained.backend} watches it" + (f" as part of {short(explained.root)}" if explained.root else "")
    if not explained.is_live and not is_directory:
        yield "(No session is running, so the imports of a Python program are unknown)"


def _cause(explained: PathExplained) -> str:
    if explained.cause == "virtualenv":
        return f"{short(explained.at)} is a virtual environment: it contains pyvenv.cfg"
    if explained.cause == "imported" and explained.kind == "missing":
        return "the program imported it, or tried to"
    return _CAUSES.get(explained.cause) or _rule(explained)


_CAUSES = {
    "named": "extra_files or env_files lists it",
    "imported": "the program imported it",
    "everything": "nothing ignores it, and watch is not set",
    "not asked for": "no pattern of watch matches it",
    "outside": "it is outside the watched directories. To watch it, add it to extra_files",
    "not imported": "without watch, only what the Python program imports is watched, and it has not imported this",
    "no source": "until the Python program reports its imports, only Python sources are watched",
    "own output": "reloader writes its own output to it",
    "no file": "it is not a regular file but a socket, a pipe or a device",
}


def _rule(explained: PathExplained) -> str:
    location = f"{short(explained.source)}:{explained.line}" if explained.line else explained.source
    rule = f"the pattern {explained.pattern} of {location}"
    if not explained.is_watched and explained.at != explained.path:
        above = f" {short(explained.at)}" if explained.at else " above it"
        return f"the directory{above} is ignored by {rule}, and not searched"
    is_negated = explained.pattern.startswith("!")
    if explained.is_watched:
        return f"it is {'included again' if is_negated else 'matched'} by {rule}"
    return f"it is {'excluded' if is_negated else 'ignored'} by {rule}"
