"""Lists what goes into a frozen program and what is left out. packaging/reloader.spec reads it."""

from __future__ import annotations

import ast
from pathlib import Path

#: The agent's files are read by the user's Python, so they stay files.
AGENT = "reloader/agent/inside"

#: Modules that PyInstaller would include, because code that never runs here could import them.
EXCLUDED = [
    # tools of the build, which cost 80 ms at each start if they are included
    "_distutils_hack", "distutils", "pkg_resources", "setuptools",
    # OpenSSL, 4 MB: hashlib, random and tempfile do without, and nothing here speaks TLS
    "_hashlib", "_ssl", "ssl",
    # libuuid, for a kind of UUID that is not used
    "_uuid",
    # archives that shutil could write
    "_bz2", "_lzma", "bz2", "lzma", "tarfile",
    # large packages behind one optional import: of pydantic, of psutil, of the commands of watchdog and dotenv
    "IPython", "asyncio", "click", "concurrent", "doctest", "email_validator", "ftplib", "multiprocessing",
    "mypy", "netrc", "pdb", "pydantic.mypy", "pydantic.v1", "pydoc", "readline", "rich", "smtplib", "sqlite3", "test",
    "tkinter", "tomllib", "unittest", "watchdog.tricks", "watchdog.watchmedo", "xml", "xmlrpc", "yaml",
]  # fmt: skip

#: The types of entries that a onefile program holds uncompressed. Inflating its libraries would take 60 ms at each start, and
#: the archive that it is downloaded in is compressed anyway.
UNCOMPRESSED = {
    "BINARY": 0, "DATA": 0, "EXECUTABLE": 0, "EXTENSION": 0, "PYMODULE": 1, "PYSOURCE": 1, "SPLASH": 1, "SYMLINK": 0,
}  # fmt: skip


def modules_for(package: Path, platform: str) -> set[str]:
    """Return all modules of ``package`` for a platform (a value of ``sys.platform``), even those imported lazily."""
    files = [file for file in package.rglob("*.py") if AGENT not in file.as_posix()]
    return {_dotted(file, package) for file in files if file.name != "__main__.py" and _is_for(file, platform)}


def _dotted(file: Path, package: Path) -> str:
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_for(file: Path, platform: str) -> bool:
    """Return False for a module of another platform: it begins with ``assert sys.platform == …``."""
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


def shared_by_compiled_modules(directory: Path) -> list[str]:
    """Return the modules that mypyc adds to ``directory`` for compiled packages. No source line imports them."""
    return sorted(file.name.partition(".")[0] for file in directory.glob("*__mypyc.*"))
