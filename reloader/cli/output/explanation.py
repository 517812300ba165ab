"""Why a path counts or does not, in a few sentences."""

from __future__ import annotations

from collections.abc import Iterator

from reloader.cli.output.formatting import short
from reloader.core.session_notices import PathExplained


def explanation(explained: PathExplained) -> str:
    return ". ".join(_sentences(explained))


def _sentences(explained: PathExplained) -> Iterator[str]:
    name = short(explained.path)
    if explained.kind == "directory":
        verdict = "is looked into" if explained.counts else "is not looked into"
    else:
        verdict = "counts" if explained.counts else "does not count"
    yield f"{name} {verdict}: {_cause(explained)}"
    if explained.importer:
        yield f"It is imported by {short(explained.importer)}"
    if explained.target:
        yield f"It leads to {short(explained.target)}" + (
            ", and is watched at both ends" if explained.counts and explained.kind != "directory" else ""
        )
    if explained.kind == "missing":
        yield "There is nothing at that path" + (": to create it would be a change" if explained.counts else "")
    elif explained.kind != "directory":
        yield "A change restarts the command" if explained.counts else "A change restarts nothing"
    if explained.backend:
        yield f"{explained.backend} watches it" + (f", as part of {short(explained.root)}" if explained.root else "")
    if not explained.is_live and explained.kind != "directory":
        yield "(No session runs: what a Python program imports is not known)"


def _cause(explained: PathExplained) -> str:
    match explained.cause:
        case "named":
            return "extra_files or env_files name it"
        case "imported":
            return "the program has imported it, or looked for it in vain"
        case "everything":
            return "nothing ignores it, and without watch all the rest counts"
        case "virtualenv":
            return f"{short(explained.at)} is a virtual environment, since it holds a pyvenv.cfg"
        case "not asked for":
            return "no pattern of watch asks for it"
        case "outside":
            return "it lies outside of what is watched; extra_files could name it"
        case "not imported":
            return "of a Python program without watch only what it imports counts, and it has not imported this"
        case "no source":
            return "until the Python program tells what it imports, only Python sources count"
        case "no file":
            return "it is no regular file (a socket, a pipe or a device)"
        case _:
            return _rule(explained)


def _rule(explained: PathExplained) -> str:
    place = f"{short(explained.source)}:{explained.line}" if explained.line else explained.source
    rule = f"the pattern {explained.pattern} of {place}"
    if explained.at != explained.path:
        above = f" (which is {short(explained.at)})" if explained.at else ""
        if not explained.counts:
            return f"{rule} ignores a directory above it{above}, into which nothing looks"
    if not explained.counts:
        return f"{rule} takes it out" if explained.pattern.startswith("!") else f"{rule} ignores it"
    return f"{rule} takes it back in" if explained.pattern.startswith("!") else f"{rule} asks for it"
