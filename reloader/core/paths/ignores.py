"""The default ignores: files that tools make, and that nobody edits to change a program. Also: how to write a pattern."""

from __future__ import annotations

from reloader.core.paths.containment import relative_to
from reloader.core.paths.filters import Rule

SOURCE = "the default ignores"

_PATTERNS = (
    # version control
    ".git/ .hg/ .svn/ .bzr/ .jj/ _darcs/ CVS/ .git .gitignore .gitattributes",
    # Python: bytecode, tool caches, installed packages (a directory with a pyvenv.cfg is left out as well)
    "__pycache__/ *.py[cod] .mypy_cache/ .pytest_cache/ .ruff_cache/ .hypothesis/ .tox/ .nox/ .eggs/ *.egg-info/",
    ".ipynb_checkpoints/ .coverage .coverage.* htmlcov/ site-packages/",
    # JavaScript
    "node_modules/ bower_components/ .npm/ .yarn/ .parcel-cache/ .next/ .nuxt/ .svelte-kit/ .turbo/",
    # editors: settings, locks, backups, files on their way into place
    ".idea/ .vscode/ .vs/ *~ *.sw? .*.sw? 4913 .#* \\#*# *.orig *.rej .~lock.* *.kate-swp .goutputstream-* .subl*.tmp",
    "*___jb_tmp___ *___jb_old___ *.crswap *.bak *.tmp .fuse_hidden* .nfs*",
    # cookie files, by which Watchman knows that it has received all earlier events
    ".watchman-cookie-*",
    # the schema that ``reloader init`` writes for editors
    "reloader.schema.json",
    # systems
    ".DS_Store ._* Thumbs.db desktop.ini $RECYCLE.BIN/",
    # what running programs write: logs, data bases, sockets, process ids
    "*.log *.log.[0-9]* *.pid *.sock *.sqlite3 *.sqlite *-journal *-wal *-shm",
)

DEFAULT_IGNORES = tuple(Rule(pattern, SOURCE) for line in _PATTERNS for pattern in line.split())


def ignore_pattern(path: str, base: str, separator: str) -> str:
    """Return the gitignore pattern that matches only ``path``. Outside of ``base`` it matches the name, in any directory."""
    relative = relative_to(path, base, separator)
    if relative is not None:
        return "/" + "/".join(map(_escaped, relative.split(separator)))
    name = _escaped(path.rpartition(separator)[2])
    return "\\" + name if name.startswith(("#", "!")) else name


def _escaped(name: str) -> str:
    """Escape ``name`` as a pattern. A character that cannot be printed, and so not be copied, becomes ``?``."""
    escaped = "".join(
        "\\" + letter if letter in "\\*?[" else letter if letter.isprintable() else "?" for letter in name
    )
    kept = escaped.rstrip(" ")
    return kept + "\\ " * (len(escaped) - len(kept))
