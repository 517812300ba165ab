"""Each way in which a program gets at code is reported with the file behind it, and nothing but the user's code is."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import venv
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from reloader.agent.inside import _reloader_agent
from reloader.core.events import FileImported
from reloader.core.settings import PythonPolicy
from reloader.watchers.disk import RealDisk
from tests.agent.reporting import reported_by, write
from tests.support.platforms.limits import needs_symlinks


class TestWhatTheCommandNames:
    def test_a_script(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": ""})
        assert reported_by("app.py", cwd=tmp_path).files == {str(tmp_path / "app.py")}

    def test_a_module(self, tmp_path: Path) -> None:
        write(tmp_path, {"single.py": ""})
        assert reported_by("-m", "single", cwd=tmp_path).files == {str(tmp_path / "single.py")}

    def test_a_package(self, tmp_path: Path) -> None:
        write(tmp_path, {"pkg/__init__.py": "", "pkg/__main__.py": "import pkg.part\n", "pkg/part.py": ""})
        expected = {str(tmp_path / "pkg" / name) for name in ("__init__.py", "__main__.py", "part.py")}
        assert reported_by("-m", "pkg", cwd=tmp_path).files == expected

    def test_a_directory(self, tmp_path: Path) -> None:
        write(tmp_path, {"folder/__main__.py": "import part\n", "folder/part.py": ""})
        expected = {str(tmp_path / "folder" / name) for name in ("__main__.py", "part.py")}
        assert reported_by("folder", cwd=tmp_path).files == expected

    def test_an_archive(self, tmp_path: Path) -> None:
        archive(tmp_path / "app.pyz", **{"__main__.py": "import part\n", "part.py": ""})
        assert reported_by("app.pyz", cwd=tmp_path).files == {str(tmp_path / "app.pyz")}

    def test_code_on_the_command_line_is_no_file_but_its_imports_are(self, tmp_path: Path) -> None:
        write(tmp_path, {"part.py": ""})
        assert reported_by(
            "-c", "import part, __main__; assert not hasattr(__main__, '__file__')", cwd=tmp_path
        ).files == {str(tmp_path / "part.py")}

    def test_a_console_script_is_the_environments_and_what_it_starts_is_reported(self, tmp_path: Path) -> None:
        name = "Scripts" if sys.platform == "win32" else "bin"
        venv.create(tmp_path / ".venv", symlinks=sys.platform != "win32")
        write(tmp_path, {f".venv/{name}/tool": "import sys\nsys.path.insert(0, '.')\nimport app\n", "app.py": ""})
        report = reported_by(f".venv/{name}/tool", cwd=tmp_path, python=str(tmp_path / ".venv" / name / "python"))
        assert (report.code, report.files) == (0, {str(tmp_path / "app.py")})

    def test_a_script_that_another_program_runs_past_the_import_system(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": "print('ran')\n"})
        report = reported_by("-m", "cProfile", "app.py", cwd=tmp_path)
        assert "ran" in report.out
        assert report.files == {str(tmp_path / "app.py")}


def archive(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)


class TestAnImport:
    def test_has_the_stamp_of_before_it_was_read(self, tmp_path: Path) -> None:
        program = "import os, part\nos.utime('part.py', (1, 1))\n"
        write(tmp_path, {"app.py": program, "part.py": "x = 1\n"})
        before = RealDisk().stat(str(tmp_path / "part.py"))
        report = reported_by("app.py", cwd=tmp_path)
        (event,) = [one for one in report.all_of(FileImported) if one.path == str(tmp_path / "part.py")]
        assert event.stat == before != RealDisk().stat(str(tmp_path / "part.py"))

    def test_is_reported_once_and_when_it_is_lazy_too(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": "def f():\n    import late\nf()\nf()\nimport late\n", "late.py": ""})
        report = reported_by("app.py", cwd=tmp_path)
        assert sorted(event.path for event in report.all_of(FileImported)) == [
            str(tmp_path / "app.py"),
            str(tmp_path / "late.py"),
        ]

    def test_out_of_an_archive_is_the_archive(self, tmp_path: Path) -> None:
        archive(tmp_path / "lib.zip", **{"inner/__init__.py": "", "inner/part.py": ""})
        report = reported_by("-c", "import sys; sys.path.insert(0, 'lib.zip'); import inner.part", cwd=tmp_path)
        assert (report.code, report.files) == (0, {str(tmp_path / "lib.zip")})

    def test_of_bytecode_without_a_source_is_the_bytecode(self, tmp_path: Path) -> None:
        write(tmp_path, {"only.py": "x = 1\n"})
        py_compile.compile(str(tmp_path / "only.py"), str(tmp_path / "only.pyc"))
        (tmp_path / "only.py").unlink()
        assert reported_by("-c", "import only", cwd=tmp_path).files == {str(tmp_path / "only.pyc")}
        assert reported_by("-m", "only", cwd=tmp_path).files == {str(tmp_path / "only.pyc")}

    def test_with_bytecode_is_the_source(self, tmp_path: Path) -> None:
        write(tmp_path, {"both.py": "x = 1\n"})
        py_compile.compile(str(tmp_path / "both.py"))
        assert reported_by("-c", "import both; print(both.__cached__)", cwd=tmp_path).files == {
            str(tmp_path / "both.py")
        }

    def test_of_an_extension_that_cannot_be_loaded_is_reported_and_shown_as_ever(self, tmp_path: Path) -> None:
        name = f"native{EXTENSION_SUFFIXES[0]}"
        write(tmp_path, {name: "no machine code\n"})
        report = reported_by("-c", "import native", cwd=tmp_path)
        assert report.files == {str(tmp_path / name)}
        assert "ImportError" in report.err
        assert "_reloader_agent" not in report.err

    def test_of_a_namespace_package_waits_for_what_would_make_it_another_one(self, tmp_path: Path) -> None:
        write(tmp_path, {"one/space/a.py": "", "two/space/b.py": ""})
        report = reported_by("-c", "import sys; sys.path[:0] = ['one', 'two']; import space.a, space.b", cwd=tmp_path)
        assert report.files == {str(tmp_path / "one/space/a.py"), str(tmp_path / "two/space/b.py")}
        assert {str(tmp_path / "one/space/__init__.py"), str(tmp_path / "two/space/__init__.py")} <= report.missed

    def test_from_a_path_is_reported(self, tmp_path: Path) -> None:
        load = (
            "import importlib.util as u\n"
            "spec = u.spec_from_file_location('plugin', 'plugins/plugin.py')\n"
            "module = u.module_from_spec(spec)\n"
            "spec.loader.exec_module(module)\n"
            "from importlib.machinery import SourceFileLoader\n"
            "SourceFileLoader('other', 'plugins/other.py').load_module()\n"
        )
        write(tmp_path, {"app.py": load, "plugins/plugin.py": "", "plugins/other.py": ""})
        report = reported_by("-W", "ignore", "app.py", cwd=tmp_path)
        assert report.code == 0, report.err
        assert {str(tmp_path / "plugins/plugin.py"), str(tmp_path / "plugins/other.py")} <= report.files

    def test_that_was_only_asked_for_is_not_reported(self, tmp_path: Path) -> None:
        write(tmp_path, {"tests_only.py": ""})
        program = "import importlib.util; assert importlib.util.find_spec('tests_only')"
        assert reported_by("-c", program, cwd=tmp_path).files == set()

    def test_again_by_reload_is_known_already(self, tmp_path: Path) -> None:
        write(tmp_path, {"part.py": ""})
        report = reported_by("-c", "import importlib, part; importlib.reload(part)", cwd=tmp_path)
        assert (report.code, report.files) == (0, {str(tmp_path / "part.py")})

    def test_through_a_finder_of_the_program_is_reported(self, tmp_path: Path) -> None:
        program = (
            "import sys, importlib.util\n"
            "class Finder:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'mapped': return importlib.util.spec_from_file_location(name, 'elsewhere/real.py')\n"
            "sys.meta_path.insert(0, Finder())\n"
            "import mapped\n"
        )
        write(tmp_path, {"app.py": program, "elsewhere/real.py": ""})
        assert str(tmp_path / "elsewhere/real.py") in reported_by("app.py", cwd=tmp_path).files

    def test_after_a_change_of_directory_is_reported_with_its_place(self, tmp_path: Path) -> None:
        program = "import sys, os\nsys.path[0] = ''\nimport first\nos.chdir('other')\nimport second\n"
        write(tmp_path, {"app.py": program, "first.py": "", "other/second.py": "", "other/first.py": ""})
        report = reported_by("app.py", cwd=tmp_path)
        assert report.files == {str(tmp_path / name) for name in ("app.py", "first.py", "other/second.py")}

    def test_among_entries_that_are_no_modules(self, tmp_path: Path) -> None:
        program = (
            "import sys, weakref\n"
            "class Thing: pass\n"
            "thing = Thing()\n"
            "sys.modules['proxy'] = weakref.proxy(thing)\n"
            "sys.modules['none'], sys.modules['text'] = None, 'text'\n"
            "del thing\n"
            "import importlib.util, part\n"
            "for name in ('null\\0byte', 'part.null\\0byte'):\n"
            "    try: __import__(name)\n"
            "    except (ImportError, ValueError): pass\n"
        )
        write(tmp_path, {"app.py": program, "part.py": ""})
        report = reported_by("app.py", cwd=tmp_path)
        assert (report.code, report.err) == (0, "")
        assert report.files == {str(tmp_path / "app.py"), str(tmp_path / "part.py")}
        assert not any("\0" in place for place in report.missed)

    def test_of_names_beyond_ascii(self, tmp_path: Path) -> None:
        write(tmp_path, {"größe/änderung.py": "", "größe/__init__.py": ""})
        report = reported_by("-c", "import größe.änderung", cwd=tmp_path, environment={"PYTHONUTF8": "1"})
        assert str(tmp_path / "größe/änderung.py") in report.files


class TestWhatIsMissing:
    def test_is_expected_at_each_place_where_it_would_be_found(self, tmp_path: Path) -> None:
        write(tmp_path, {"app.py": "import sys\nsys.path.append('lib')\nimport nosuch.part\n", "lib/here.py": ""})
        report = reported_by("app.py", cwd=tmp_path)
        names = ("nosuch.py", "nosuch/__init__.py", "nosuch", f"nosuch{EXTENSION_SUFFIXES[0]}")
        here = {
            path for path in report.missed if path.startswith(str(tmp_path))
        }  # an editable install adds places of its own
        assert here == {str(tmp_path / folder / name) for folder in ("", "lib") for name in names}

    def test_in_a_package_is_expected_there(self, tmp_path: Path) -> None:
        write(tmp_path, {"pkg/__init__.py": ""})
        report = reported_by("-c", "from pkg import part", cwd=tmp_path)
        assert str(tmp_path / "pkg/part.py") in report.missed
        assert str(tmp_path / "part.py") not in report.missed

    def test_is_not_expected_where_a_file_of_its_name_is_something_else(self, tmp_path: Path) -> None:
        write(tmp_path, {"redis": "a note"})
        missed = reported_by("-c", "try: import redis\nexcept ImportError: pass", cwd=tmp_path).missed
        assert str(tmp_path / "redis.py") in missed
        assert str(tmp_path / "redis") not in missed


class TestWhatIsNotTheUsers:
    def test_the_standard_library_is_left_out(self, tmp_path: Path) -> None:
        report = reported_by("-c", "import asyncio, json, sqlite3, xml.dom.minidom, zoneinfo", cwd=tmp_path)
        assert (report.code, report.files) == (0, set())

    def test_what_is_installed_is_left_out_unless_it_is_asked_for(self, tmp_path: Path) -> None:
        write(tmp_path, {"env/site-packages/dep.py": "", "debian/dist-packages/deb.py": ""})
        program = "import sys; sys.path[:0] = ['env/site-packages', 'debian/dist-packages']; import dep, deb"
        assert reported_by("-c", program, cwd=tmp_path).files == set()
        wanted = reported_by("-c", program, cwd=tmp_path, policy=PythonPolicy(site_packages=True)).files
        assert {str(tmp_path / "env/site-packages/dep.py"), str(tmp_path / "debian/dist-packages/deb.py")} <= wanted

    @needs_symlinks
    def test_a_package_that_is_linked_into_what_is_installed_is_the_users(self, tmp_path: Path) -> None:
        write(tmp_path, {"src/dep/__init__.py": "", "env/site-packages/other.py": ""})
        (tmp_path / "env/site-packages/dep").symlink_to(tmp_path / "src/dep")
        program = "import sys; sys.path.insert(0, 'env/site-packages'); import dep, other"
        assert reported_by("-c", program, cwd=tmp_path).files == {str(tmp_path / "env/site-packages/dep/__init__.py")}

    def test_an_installation_by_a_pth_file_is_the_users(self, tmp_path: Path) -> None:
        write(tmp_path, {"src/dep.py": "", "env/site-packages/dep.pth": f"{tmp_path / 'src'}\n"})
        program = "import site; site.addsitedir('env/site-packages'); import dep"
        assert reported_by("-c", program, cwd=tmp_path).files == {str(tmp_path / "src/dep.py")}

    def test_an_installation_by_a_finder_in_the_environment_is_the_users(self, tmp_path: Path) -> None:
        """As setuptools makes it: a line in a .pth file imports a module that puts a finder on sys.meta_path."""
        finder = (
            "import sys, importlib.util\n"
            "class Finder:\n"
            "    @classmethod\n"
            "    def find_spec(cls, name, path=None, target=None):\n"
            "        if name == 'dep':\n"
            f"            return importlib.util.spec_from_file_location(name, {str(tmp_path / 'src/dep/__init__.py')!r})\n"
            "def install(): sys.meta_path.append(Finder)\n"
        )
        venv.create(tmp_path / ".venv", symlinks=sys.platform != "win32")
        python = tmp_path / ".venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        asked = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        )
        installed = Path(asked.stdout.strip())
        write(installed, {"_finder.py": finder, "editable.pth": "import _finder; _finder.install()\n"})
        write(
            tmp_path,
            {"src/dep/__init__.py": "import dep.part\n", "src/dep/part.py": "", "app.py": "import dep, nosuch\n"},
        )
        report = reported_by("app.py", cwd=tmp_path, python=str(python))
        assert report.files == {str(tmp_path / name) for name in ("app.py", "src/dep/__init__.py", "src/dep/part.py")}
        assert str(tmp_path / "nosuch.py") in report.missed

    @needs_symlinks
    @pytest.mark.parametrize("place", ["usr/src/app", "usr/lib/python3x", "usr/lib/python3-project"])
    def test_a_project_below_the_prefix_of_its_python_is_the_users(self, tmp_path: Path, place: str) -> None:
        """As in many container images: Python lives in /usr, and the project in /usr/src/app."""
        venv.create(tmp_path / "usr", symlinks=True)
        write(tmp_path / place, {"app.py": "import part\n", "part.py": ""})
        report = reported_by("app.py", cwd=tmp_path / place, python=str(tmp_path / "usr/bin/python"))
        assert report.files == {str(tmp_path / place / "app.py"), str(tmp_path / place / "part.py")}

    def test_a_project_whose_name_begins_like_the_standard_librarys_is_the_users(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "__file__", str(tmp_path / "lib" / "python" / "os.py"))
        agent = _reloader_agent.Agent(None, [])
        assert agent._is_watched(str(tmp_path / "lib" / "python-and-more" / "part.py"))
        assert not agent._is_watched(str(tmp_path / "lib" / "python" / "json" / "part.py"))
