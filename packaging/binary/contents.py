"""What a frozen program is made of, and what is left out. Read by packaging/reloader.spec."""

from __future__ import annotations

import ast
from pathlib import Path

#: The agent's files are read by the user's Python, so they stay files.
AGENT = "reloader/agent/inside"

#: What PyInstaller would take along, because something could import it that we never call.
EXCLUDED = [
    # a build's own tools, which cost 80 ms at each start if they are there
    "_distutils_hack", "distutils", "pkg_resources", "setuptools",
    # OpenSSL, 4 MB: hashlib, random and tempfile do without, and nothing here speaks TLS
    "_hashlib", "_ssl", "ssl",
    # libuuid, for a kind of UUID that nobody asks for
    "_uuid",
    # archives that shutil could write
    "_bz2", "_lzma", "bz2", "lzma", "tarfile",
    # whole worlds behind one optional import: of pydantic, of psutil, of watchdog's commands, of dotenv's
    "IPython", "asyncio", "click", "concurrent", "doctest", "email_validator", "ftplib", "multiprocessing",
    "mypy", "netrc", "pdb", "pydantic.mypy", "pydantic.v1", "pydoc", "readline", "rich", "smtplib", "sqlite3", "test",
    "tkinter", "tomllib", "unittest", "watchdog.tricks", "watchdog.watchmedo", "xml", "xmlrpc", "yaml",
]  # fmt: skip

#: The types of entries that a onefile program holds as they are. To inflate its libraries would take 60 ms at each start, and the
#: archive that it is downloaded in is compressed anyway.
UNCOMPRESSED = {
    "BINARY": 0, "DATA": 0, "EXECUTABLE": 0, "EXTENSION": 0, "PYMODULE": 1, "PYSOURCE": 1, "SPLASH": 1, "SYMLINK": 0,
}  # fmt: skip


def modules_for(package: Path, platform: str) -> set[str]:
    """All modules of ``package`` for a platform (a value of ``sys.platform``), however lazily something imports them."""
    files = [file for file in package.rglob("*.py") if AGENT not in file.as_posix()]
    return {_dotted(file, package) for file in files if file.name != "__main__.py" and _is_for(file, platform)}


def _dotted(file: Path, package: Path) -> str:
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_for(file: Path, platform: str) -> bool:
    """A platform's twin begins with ``assert sys.platform == …``, which is false elsewhere."""
    asserts = [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.Assert)]
    return all(_holds(node.test, platform) for node in asserts)


def _holds(condition: ast.expr, platform: str) -> bool:
    match condition:
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="sys"), attr="platform"),
            ops=[operator],
            comparators=[ast.Constant(value=str(name))],
        ):
            return (platform == name) is isinstance(operator, ast.Eq)
        case _:
            return True


def shared_by_compiled_modules(place: Path) -> list[str]:
    """The modules in ``place`` that mypyc puts beside the packages which it compiles: no line that can be read imports them."""
    return sorted(file.name.partition(".")[0] for file in place.glob("*__mypyc.*"))
