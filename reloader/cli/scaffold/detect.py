"""Detects the kind of the project in a directory, and its command. It reads files and runs nothing."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from shutil import which

from reloader.cli.scaffold.python_apps import AppFound, Source, has_main_guard, python_sources

_ASGI = ("FastAPI", "Starlette", "Litestar", "Quart", "BlackSheep", "Sanic")
_FACTORIES = ("create_app", "make_app")
_PROGRAMS = ("app.py", "main.py", "server.py", "run.py", "cli.py")
"""Usual names of the main program, the likeliest first."""

_TOOLS = ("setup.py", "noxfile.py", "fabfile.py")

_MANAGERS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile": "pipenv"}
_NODE_MANAGERS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun"}
_ENVIRONMENTS = (".venv", "venv", "env")
_SETTINGS = (".env", ".flaskenv")
_OWN_RELOADER = "The reloader of {} stays off: one reloader is enough."


@dataclass(frozen=True, slots=True)
class Project:
    """A project. ``evidence`` says how it was detected, without a full stop; it may be empty.

    The last fields are values for keys. ``remark`` explains the command. A project that ``is_python`` needs no patterns.
    """

    kind: str
    evidence: str
    command: tuple[str, ...]
    remark: str = ""
    is_python: bool = False
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    watch: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extra_files: tuple[str, ...] = ()


def detect_project(directory: str) -> Project | None:
    """Return the project in ``directory``, or None if it is of an unknown kind."""
    sources = list(python_sources(directory))
    kinds = (_django(directory), _asgi(directory, sources), _flask(directory, sources), _node(directory))
    project = next((one for one in kinds if one is not None), None) or _plain_python(directory, sources)
    return replace(project, extra_files=_settings_of(directory, project.cwd)) if project is not None else None


def _settings_of(directory: str, cwd: str | None) -> tuple[str, ...]:
    folders = dict.fromkeys(("", cwd or ""))
    files = (f"{folder}/{name}".lstrip("/") for folder in folders for name in _SETTINGS)
    return tuple(file for file in files if os.path.isfile(os.path.join(directory, file)))


def _django(directory: str) -> Project | None:
    for folder in ("", *_directories(directory)):
        script = f"{folder}/manage.py".lstrip("/")
        if "django" in _text(os.path.join(directory, script)):
            return Project(
                "Django",
                f"{script} belongs to Django",
                (*_python(directory, folder), "manage.py", "runserver", "--noreload"),
                remark=_OWN_RELOADER.format("Django"),
                is_python=True,
                cwd=folder or None,
                watch=("templates/", "*.mo"),
            )
    return None


def _asgi(directory: str, sources: list[Source]) -> Project | None:
    for source in sources:
        app = source.app_of(_ASGI, _FACTORIES)
        if app is not None:
            target = f"{source.module}:{app.name}"
            words = ("-m", "uvicorn", *(["--factory"] if app.is_factory else []), target)
            return _of_source(app.kind, directory, source, words, remark=_OWN_RELOADER.format("uvicorn"))
    return None


def _flask(directory: str, sources: list[Source]) -> Project | None:
    for source in sources:
        app = source.app_of(("Flask",), _FACTORIES)
        if app is not None:
            words = ("-m", "flask", "--app", _flask_target(source, app), "run", "--debug", "--no-reload")
            return _of_source("Flask", directory, source, words, remark=_OWN_RELOADER.format("Flask"))
    return None


def _flask_target(source: Source, app: AppFound) -> str:
    """Return the value of ``--app``. Flask finds an app with a usual name by itself."""
    is_usual = app.name in ("app", "application", *_FACTORIES)
    return source.module if is_usual else f"{source.module}:{app.name}"


def _plain_python(directory: str, sources: list[Source]) -> Project | None:
    for source in sources:
        if source.is_main_of_package:
            return _of_source("Python", directory, source, ("-m", source.module.rpartition(".")[0]))
    scripts = [source for source in sources if "/" not in source.path]
    named = [source for name in _PROGRAMS for source in scripts if source.path == name]
    guarded = [source for source in scripts if has_main_guard(source.tree) and source.path not in _TOOLS]
    for source in (*named, *guarded):
        return _of_source("Python", directory, source, (source.path,))
    return None


def _of_source(kind: str, directory: str, source: Source, words: tuple[str, ...], *, remark: str = "") -> Project:
    env = {"PYTHONPATH": source.path_entry} if source.path_entry else {}
    command = (*_python(directory, source.cwd), *words)
    return Project(kind, f"{source.path} is {_with_article(kind)}", command, remark, True, source.cwd or None, env)


def _with_article(kind: str) -> str:
    return "a Python program" if kind == "Python" else f"a {kind} app"


def _python(directory: str, cwd: str) -> tuple[str, ...]:
    """Return the Python of the project: of its package manager, of its virtual environment, or from the PATH."""
    for lock, manager in _MANAGERS.items():
        if os.path.exists(os.path.join(directory, lock)) and which(manager):
            return (manager, "run", "python")
    for name in _ENVIRONMENTS:
        for program in (f"{name}/bin/python", f"{name}/Scripts/python.exe"):
            if os.path.exists(os.path.join(directory, program)):
                return (f"{'../' * (cwd.count('/') + 1)}{program}" if cwd else program,)
    return ("python",) if which("python") else ("python3",)


def _node(directory: str) -> Project | None:
    package = _json(os.path.join(directory, "package.json"))
    command = _node_command(directory, package) if package is not None else None
    if command is None:
        return None
    return Project(
        "Node.js",
        "package.json belongs to a Node.js program",
        command,
        watch=("*.js", "*.cjs", "*.mjs", "*.ts", "*.json"),
        ignore=("package-lock.json",),
    )


def _node_command(directory: str, package: Mapping[str, object]) -> tuple[str, ...] | None:
    scripts = package.get("scripts")
    for name in ("start", "dev", "serve"):
        script = scripts.get(name) if isinstance(scripts, dict) else None
        if isinstance(script, str) and script:
            return _started_directly(directory, script) or (_node_manager(directory), "run", name)
    named = package.get("main")
    files = [named] if isinstance(named, str) else []
    for file in (*files, "server.js", "index.js", "app.js", "src/index.js"):
        if os.path.isfile(os.path.join(directory, file)):
            return ("node", file)
    return None


def _started_directly(directory: str, script: str) -> tuple[str, ...] | None:
    """Return ``node server.js`` for a script that needs neither npm nor another reloader, otherwise None."""
    try:
        program, *words = shlex.split(script)
    except ValueError:
        return None
    words = [word for word in words if word != "--watch"]
    is_plain = program in ("node", "nodemon") and len(words) == 1
    return ("node", words[0]) if is_plain and os.path.isfile(os.path.join(directory, words[0])) else None


def _node_manager(directory: str) -> str:
    locks = (manager for lock, manager in _NODE_MANAGERS.items() if os.path.exists(os.path.join(directory, lock)))
    return next(locks, "npm")


def _directories(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        yield from sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _json(path: str) -> dict[str, object] | None:
    try:
        value = json.loads(_text(path))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
