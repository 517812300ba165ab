"""The real program on Python commands without any ``watch``: what was imported restarts them, and nothing else does."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from tests.agent.reporting import write
from tests.support.platforms.limits import needs_symlinks, posix_only
from tests.support.programs.projects import project, python, save
from tests.support.programs.web import free_port, wait_for_page
from tests.support.sessions.program import Reloader
from tests.support.watching.backends import with_every_backend

READY = "print('ready', flush=True)\nsys.stdin.read()\n"


def served(reloader: Reloader) -> list[set[str]]:
    """The files of each batch that led to a restart."""
    return [{os.path.basename(change["path"]) for change in one["batch"]} for one in reloader.all_of("changed")]


FLASK = {
    "shop/__init__.py": (
        "from flask import Flask\nfrom shop import pages\nimport dependency\napp = Flask(__name__)\n"
        "app.add_url_rule('/', view_func=pages.page)\napp.add_url_rule('/late', view_func=pages.late)\n"
    ),
    "shop/pages.py": (
        "import dependency\ndef page(): return 'pages: 1, ' + dependency.TEXT\n"
        "def late():\n    from shop import lazy\n    return lazy.TEXT\n"
    ),
    "shop/lazy.py": "TEXT = 'lazy: 1'\n",
    "tests/test_shop.py": "import shop\n",
    "README.md": "of the shop\n",
    "debug.log": "",
    "notes.txt": "",
}


@needs_symlinks
@with_every_backend
def test_a_flask_app_restarts_on_each_file_that_it_imported_and_on_nothing_else(tmp_path: Path, backend: str) -> None:
    root, outside, port = tmp_path / "project", tmp_path / "elsewhere" / "dependency", free_port()
    write(outside, {"__init__.py": "TEXT = 'dependency: 1'\n"})
    command = python("-m", "flask", "--app", "shop", "run", "--no-reload", "--port", str(port))
    config = project(root, FLASK, command=command, watch=None, backend=backend)
    installed = root / ".venv" / "lib" / "site-packages"
    write(installed, {"../../pyvenv.cfg": "", "installed.py": "x = 1\n", "other.pth": ""})
    (installed / "dependency").symlink_to(outside)
    with Reloader(
        "--config", config, cwd=root, environment={"PYTHONPATH": f"{installed}{os.pathsep}{_source()}"}
    ) as reloader:
        wait_for_page(port, "pages: 1, dependency: 1")
        wait_for_page(port, "lazy: 1", "/late")
        save(root / "shop/lazy.py", "TEXT = 'lazy: 2'\n")
        wait_for_page(port, "lazy: 2", "/late")
        save(outside / "__init__.py", "TEXT = 'dependency: 2'\n")
        wait_for_page(port, "dependency: 2")
        for name in ("tests/test_shop.py", "README.md", "debug.log", "notes.txt"):
            save(root / name, "import shop  # another content\n")
        save(installed / "installed.py", "x = 2\n")
        save(root / "tests/test_more.py", "import shop\n")
        save(root / "shop/pages.py", FLASK["shop/pages.py"].replace("pages: 1", "pages: 2"))
        wait_for_page(port, "pages: 2, dependency: 2")
        assert served(reloader) == [{"lazy.py"}, {"__init__.py"}, {"pages.py"}]


def _source() -> str:
    return os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])


REPAIRS = {
    "a syntax error": ("part.py", "def (:\n", "part.py", "VALUE = 2\n"),
    "a module that is missing": ("part.py", "from nosuch import VALUE\n", "nosuch.py", "VALUE = 2\n"),
    "a package that is missing": ("part.py", "from nosuch.inner import VALUE\n", "nosuch/inner.py", "VALUE = 2\n"),
    "a name that is missing": ("part.py", "from other import VALUE\n", "other.py", "VALUE = 2\n"),
    "a package whose start fails": ("pkg/__init__.py", "1 / 0\n", "pkg/__init__.py", ""),
    "an exception in a module deep inside": ("pkg/deep.py", "raise OSError\n", "pkg/deep.py", "DEEP = 1\n"),
}
APP = "import sys, pkg.deep, other\nfrom part import VALUE\nprint('up with', VALUE, flush=True)\nsys.stdin.read()\n"
PARTS = {"app.py": APP, "part.py": "VALUE = 1\n", "other.py": "", "pkg/__init__.py": "", "pkg/deep.py": ""}


@with_every_backend
@pytest.mark.parametrize("fault", REPAIRS)
def test_what_is_broken_and_then_repaired_is_up_again(tmp_path: Path, fault: str, backend: str) -> None:
    broken, error, mended, repair = REPAIRS[fault]
    config = project(tmp_path, PARTS, command=python("app.py"), watch=None, backend=backend, check="off")
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("up with 1")
        save(tmp_path / broken, error)
        reloader.wait_for("waiting_for_change")
        save(tmp_path / mended, repair)
        reloader.wait_for_line("up with")
        assert reloader.is_running
        assert reloader.runs[:3] == [1, 2, 3]  # a directory and the file in it may be two changes


@pytest.mark.parametrize("fault", REPAIRS)
def test_what_is_broken_from_the_start_waits_for_its_repair(tmp_path: Path, fault: str) -> None:
    broken, error, mended, repair = REPAIRS[fault]
    config = project(tmp_path, {**PARTS, broken: error}, command=python("app.py"), watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        assert reloader.wait_for("ended", run=1)["outcome"]["uncaught_exception"]
        reloader.wait_for("waiting_for_change")
        save(tmp_path / mended, repair)
        reloader.wait_for_line("up with")
        assert reloader.is_running


#: Announces where it is. The first run goes on at a word on its standard input; a later one may not get it.
STEPS = """\
import os, sys
def step(*words):
    print(*words, flush=True)
    if os.environ["RELOADER_RUN"] == "1":
        sys.stdin.readline()
step("before")
import part
step("imported", part.VALUE)
import late
print("ready", part.VALUE, late.VALUE, flush=True)
while os.read(0, 1000):
    pass
"""


class TestAnEdit:
    """While the program starts, at places that it announces itself."""

    def session(self, tmp_path: Path, backend: str) -> Reloader:
        files = {"app.py": STEPS, "part.py": "VALUE = 1\n", "late.py": "VALUE = 1\n"}
        config = project(tmp_path, files, command=python("app.py"), watch=None, backend=backend)
        return Reloader("--config", config, cwd=tmp_path)

    @with_every_backend
    def test_of_what_will_be_imported_is_read_without_a_restart_or_with_one(self, tmp_path: Path, backend: str) -> None:
        with self.session(tmp_path, backend) as reloader:
            reloader.wait_for_line("before")
            save(tmp_path / "part.py", "VALUE = 2\n")
            reloader.say("\n\n")
            reloader.wait_for_line("ready 2 1")

    @with_every_backend
    def test_of_what_was_imported_just_now_is_served(self, tmp_path: Path, backend: str) -> None:
        with self.session(tmp_path, backend) as reloader:
            reloader.wait_for_line("before")
            reloader.say("\n")
            reloader.wait_for_line("imported 1")
            save(tmp_path / "part.py", "VALUE = 2\n")
            reloader.wait_for_line("ready 2 1")
            assert reloader.runs == [1, 2]

    @with_every_backend
    def test_that_the_program_makes_itself_right_after_its_import_is_served(self, tmp_path: Path, backend: str) -> None:
        """Nobody can be quicker: the file is another before its report has been read."""
        program = (
            "import os, sys, part\nif part.VALUE == 1:\n    os.replace('next.txt', 'part.py')\n"
            "print('value', part.VALUE, flush=True)\nsys.stdin.read()\n"
        )
        config = project(
            tmp_path,
            {"app.py": program, "next.txt": "VALUE = 2\n", "part.py": "VALUE = 1\n"},
            command=python("app.py"),
            watch=None,
            backend=backend,
        )
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            reloader.wait_for_line("value 2")
            assert reloader.runs[-1] == 2

    @posix_only
    @with_every_backend
    def test_while_the_program_stops_is_read_by_the_next_run(self, tmp_path: Path, backend: str) -> None:
        program = (
            "import signal, sys, part\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
            "print('value', part.VALUE, flush=True)\nsignal.sigwait({signal.SIGTERM})\n"
            "print('stopping', flush=True)\nsys.stdin.readline()\n"
        )
        config = project(
            tmp_path,
            {"app.py": program, "part.py": "VALUE = 1\n"},
            command=python("app.py"),
            watch=None,
            backend=backend,
        )
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            reloader.wait_for_line("value 1")
            save(tmp_path / "part.py", "VALUE = 2\n")
            reloader.wait_for_line("stopping")
            save(tmp_path / "part.py", "VALUE = 3\n")
            reloader.say("\n")
            reloader.wait_for_line("value 3")
            assert reloader.runs == [1, 2]
            reloader.say("\n")

    @with_every_backend
    def test_of_a_module_that_was_imported_long_after_the_start_restarts(self, tmp_path: Path, backend: str) -> None:
        with self.session(tmp_path, backend) as reloader:
            reloader.say("\n\n")
            reloader.wait_for_line("ready 1 1")
            save(tmp_path / "late.py", "VALUE = 2\n")
            reloader.wait_for_line("ready 1 2")


@posix_only
def test_a_console_script_of_a_virtual_environment_is_followed(tmp_path: Path) -> None:
    """Of the version of this Python or not: the environment has nothing of ours installed."""
    venv.create(tmp_path / ".venv", symlinks=True)
    script = f"#!{tmp_path}/.venv/bin/python\nimport sys\nsys.path.insert(0, '.')\nimport app\n"
    config = project(
        tmp_path, {"app.py": "import sys\n" + READY, ".venv/bin/tool": script}, command=[".venv/bin/tool"], watch=None
    )
    (tmp_path / ".venv/bin/tool").chmod(0o755)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        save(tmp_path / "beside.py", "x = 1\n")
        save(tmp_path / "app.py", "import sys  # edited\n" + READY)
        reloader.wait_for_line("ready")
        assert served(reloader) == [{"app.py"}]


@posix_only
def test_a_shell_script_that_starts_a_python_is_followed_together_with_it(tmp_path: Path) -> None:
    files = {
        "run.sh": f"echo started\n{sys.executable} -u app.py\nexit $?\n",
        "app.py": "import part, sys\n" + READY,
        "part.py": "x = 1\n",
    }
    outside = tmp_path / "outside"
    write(outside, {"dep.py": "x = 1\n"})
    files["part.py"] = f"import sys\nsys.path.append({str(outside)!r})\nimport dep\n"
    config = project(tmp_path / "project", files, command=["sh", "run.sh"], watch=None)
    with Reloader("--config", config, cwd=tmp_path / "project") as reloader:
        for name, text in (("project/run.sh", files["run.sh"] + "# edited\n"), ("outside/dep.py", "x = 2\n")):
            reloader.wait_for_line("ready")
            save(tmp_path / name, text)
        reloader.wait_for_line("ready")
        assert served(reloader) == [{"run.sh"}, {"dep.py"}]


@pytest.mark.parametrize("option", ["-I", "-S", "-E"])
def test_a_python_that_cannot_be_asked_is_watched_by_its_sources_and_verbose_says_so(
    tmp_path: Path, option: str
) -> None:
    files = {"app.py": "import sys\n" + READY, "other.py": "x = 1\n", "data.json": "{}"}
    config = project(tmp_path, files, command=python(option, "app.py"), watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        said = reloader.wait_for("note", text=_silent("all Python files of the project"))
        assert said["level"] == "detail"
        save(tmp_path / "data.json", "[]")
        save(tmp_path / "other.py", "x = 2\n")
        reloader.wait_for_line("ready")
        assert served(reloader) == [{"other.py"}]


def _silent(what: str) -> str:
    reason = "the command does not report what it imports (only Python does, and not with -I, -S or -E)"
    return f"{reason}, so {what} are watched"


@posix_only
def test_another_language_is_watched_by_all_of_its_project_and_verbose_says_so(tmp_path: Path) -> None:
    files = {"run.sh": "echo ready\nread word\n", "data.json": "{}"}
    config = project(tmp_path, files, command=["sh", "run.sh"], watch=None)
    with Reloader("--config", config, cwd=tmp_path) as reloader:
        reloader.wait_for_line("ready")
        reloader.wait_for("note", text=_silent("all files of the project"))
        save(tmp_path / "data.json", "[]")
        reloader.wait_for_line("ready")
        assert served(reloader) == [{"data.json"}]


class TestOpenFiles:
    PROGRAM = (
        "import os, sys\n"
        "text = open('page.html').read()\n"
        "state = open('state.txt').read()\n"
        "open('state.txt', 'w').write(state + 'x')\n"
        "open('new.tmp-file', 'w').write('x')\nos.replace('new.tmp-file', 'kept.txt')\nopen('kept.txt').read()\n"
        "print('page:', text, flush=True)\n"
        "sys.stdin.readline()\nopen('state.txt', 'a').write('y')\nprint('written', flush=True)\nsys.stdin.read()\n"
    )

    @with_every_backend
    def test_that_the_program_read_restart_it_and_those_that_it_wrote_do_not(
        self, tmp_path: Path, backend: str
    ) -> None:
        files = {"app.py": self.PROGRAM, "page.html": "one", "state.txt": "", "unread.html": "one"}
        config = project(
            tmp_path, files, command=python("app.py"), watch=None, backend=backend, python={"open_files": True}
        )
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            reloader.wait_for_line("page: one")
            reloader.say("\n")
            reloader.wait_for_line("written")
            save(tmp_path / "unread.html", "two")
            save(tmp_path / "state.txt", "by hand")
            save(tmp_path / "page.html", "two")
            reloader.wait_for_line("page: two")
            reloader.say("\n")
            reloader.wait_for_line("written")
            assert served(reloader) == [{"page.html"}]

    def test_are_not_watched_unless_that_is_asked_for(self, tmp_path: Path) -> None:
        files = {"app.py": self.PROGRAM, "page.html": "one", "state.txt": ""}
        config = project(tmp_path, files, command=python("app.py"), watch=None)
        with Reloader("--config", config, cwd=tmp_path) as reloader:
            reloader.wait_for_line("page: one")
            save(tmp_path / "page.html", "two")
            save(tmp_path / "app.py", self.PROGRAM + "# edited\n")
            reloader.wait_for_line("page: two")
            assert served(reloader) == [{"app.py"}]
