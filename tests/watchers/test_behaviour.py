"""What every backend must show. Each operation is followed by a sentinel edit, so that "nothing happens" is a fact as well."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.platforms.limits import needs_events_of_older_directories
from tests.support.sessions.session import Session
from tests.support.watching.watchers import BACKENDS, MakeWatcher
from tests.support.watching.watchman import Service, needs_watchman, running_watchman


@pytest.fixture
def watchman() -> Iterator[Service]:
    with running_watchman() as service:
        yield service


@pytest.fixture(
    params=[*(name for name in BACKENDS if name != "watchman"), pytest.param("watchman", marks=needs_watchman)]
)
def make_watcher(request: pytest.FixtureRequest) -> MakeWatcher:
    if request.param == "watchman":
        request.getfixturevalue("watchman")
    return BACKENDS[request.param]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("app.py", "pkg/__init__.py", "pkg/views.py", "templates/index.html"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"first content of {name}\n")
    return root


@pytest.fixture
def session(tree: Path, make_watcher: MakeWatcher) -> Iterator[Session]:
    with Session(tree, make_watcher) as session:
        yield session


pytestmark = pytest.mark.filterwarnings("ignore:Callback with id")  # watchdog, of its own Linux observer
needs_symlinks = pytest.mark.skipif(sys.platform == "win32", reason="creating symlinks needs a privilege on Windows")
needs_byte_names = pytest.mark.skipif(sys.platform != "linux", reason="this file system takes only valid Unicode names")


class TestWhatRestarts:
    def test_a_write_in_place(self, session: Session, tree: Path) -> None:
        assert session.restarts_by(lambda: (tree / "app.py").write_text("other content\n")) == {"app.py"}

    def test_a_file_that_is_appended_to(self, session: Session, tree: Path) -> None:
        def append() -> None:
            with open(tree / "pkg/views.py", "a") as file:
                file.write("more\n")

        assert session.restarts_by(append) == {"pkg/views.py"}

    def test_a_save_by_renaming_over(self, session: Session, tree: Path) -> None:
        def save() -> None:
            (tree / "app.py.new~").write_text("other content\n")
            os.replace(tree / "app.py.new~", tree / "app.py")

        assert session.restarts_by(save) == {"app.py"}

    def test_a_save_as_vim_does_it(self, session: Session, tree: Path) -> None:
        def save() -> None:
            (tree / "4913").touch()
            (tree / "4913").unlink()
            os.rename(tree / "app.py", tree / "app.py~")
            (tree / "app.py").write_text("other content\n")
            (tree / "app.py~").unlink()

        assert session.restarts_by(save) == {"app.py"}

    def test_a_save_as_jetbrains_does_it(self, session: Session, tree: Path) -> None:
        def save() -> None:
            (tree / "app.py___jb_tmp___").write_text("other content\n")
            os.rename(tree / "app.py", tree / "app.py___jb_old___")
            os.rename(tree / "app.py___jb_tmp___", tree / "app.py")
            (tree / "app.py___jb_old___").unlink()

        assert session.restarts_by(save) == {"app.py"}

    def test_new_content_with_an_older_mtime(self, session: Session, tree: Path) -> None:
        def restore() -> None:
            (tree / "old~").write_text("restored content\n")
            os.utime(tree / "old~", (1_000_000_000, 1_000_000_000))
            os.replace(tree / "old~", tree / "app.py")

        assert session.restarts_by(restore) == {"app.py"}

    @pytest.mark.skipif(
        sys.platform == "win32", reason="Windows has no ctime that would betray a restored mtime to stat"
    )
    def test_new_content_of_the_same_size_with_its_mtime_restored(self, session: Session, tree: Path) -> None:
        def rewrite() -> None:
            found = os.stat(tree / "app.py")
            (tree / "app.py").write_text("FIRST content of app.py\n")
            os.utime(tree / "app.py", ns=(found.st_atime_ns, found.st_mtime_ns))

        assert session.restarts_by(rewrite) == {"app.py"}

    def test_a_deleted_file(self, session: Session, tree: Path) -> None:
        assert session.restarts_by((tree / "pkg/views.py").unlink) == {"pkg/views.py"}

    def test_a_new_file(self, session: Session, tree: Path) -> None:
        assert session.restarts_by(lambda: (tree / "pkg/models.py").write_text("new\n")) == {"pkg/models.py"}

    def test_an_empty_new_file(self, session: Session, tree: Path) -> None:
        assert session.restarts_by((tree / "pkg/empty.py").touch) == {"pkg/empty.py"}

    def test_a_new_directory_with_a_file_at_once(self, session: Session, tree: Path) -> None:
        def create() -> None:
            (tree / "new/deep/er").mkdir(parents=True)
            (tree / "new/deep/er/mod.py").write_text("new\n")

        assert session.restarts_by(create) == {"new/deep/er/mod.py"}
        assert session.restarts_by(lambda: (tree / "new/deep/er/mod.py").write_text("newer\n")) == {
            "new/deep/er/mod.py"
        }

    @needs_events_of_older_directories
    def test_a_renamed_directory(self, session: Session, tree: Path) -> None:
        changed = session.restarts_by(lambda: os.rename(tree / "pkg", tree / "package"))
        assert changed == {"pkg/__init__.py", "pkg/views.py", "package/__init__.py", "package/views.py"}
        assert session.restarts_by(lambda: (tree / "package/views.py").write_text("x\n")) == {"package/views.py"}

    def test_a_deleted_directory(self, session: Session, tree: Path) -> None:
        def delete() -> None:
            (tree / "templates/index.html").unlink()
            (tree / "templates").rmdir()

        assert session.restarts_by(delete) == {"templates/index.html"}

    def test_a_directory_that_came_back(self, session: Session, tree: Path) -> None:
        os.rename(tree / "pkg", tree.parent / "away")
        session.touch_sentinel()
        os.rename(tree.parent / "away", tree / "pkg")
        session.touch_sentinel()
        assert session.restarts_by(lambda: (tree / "pkg/views.py").write_text("x\n")) == {"pkg/views.py"}

    def test_a_file_moved_in(self, session: Session, tree: Path) -> None:
        (tree.parent / "outside.py").write_text("from outside\n")
        assert session.restarts_by(lambda: os.rename(tree.parent / "outside.py", tree / "pkg/inside.py")) == {
            "pkg/inside.py"
        }

    def test_a_directory_moved_in(self, session: Session, tree: Path) -> None:
        (tree.parent / "outside/sub").mkdir(parents=True)
        (tree.parent / "outside/sub/mod.py").write_text("from outside\n")
        assert session.restarts_by(lambda: os.rename(tree.parent / "outside", tree / "moved")) == {"moved/sub/mod.py"}
        assert session.restarts_by(lambda: (tree / "moved/sub/mod.py").write_text("x\n")) == {"moved/sub/mod.py"}

    def test_a_file_moved_out(self, session: Session, tree: Path) -> None:
        assert session.restarts_by(lambda: os.rename(tree / "pkg/views.py", tree.parent / "gone.py")) == {
            "pkg/views.py"
        }

    def test_a_file_that_became_a_directory(self, session: Session, tree: Path) -> None:
        def replace() -> None:
            (tree / "app.py").unlink()
            (tree / "app.py").mkdir()
            (tree / "app.py/mod.py").write_text("x\n")

        assert session.restarts_by(replace) == {"app.py", "app.py/mod.py"}

    def test_a_directory_that_became_a_file(self, session: Session, tree: Path) -> None:
        def replace() -> None:
            (tree / "templates/index.html").unlink()
            (tree / "templates").rmdir()
            (tree / "templates").write_text("x\n")

        assert session.restarts_by(replace) == {"templates", "templates/index.html"}

    @pytest.mark.parametrize("name", ["with space.py", "ünï.py", "[a].py", "a'b.py", "#x.py"])
    def test_names_that_are_hard_to_spell(self, session: Session, tree: Path, name: str) -> None:
        assert session.restarts_by(lambda: (tree / name).write_text("x\n")) == {name}
        assert session.restarts_by(lambda: (tree / name).write_text("xy\n")) == {name}

    @needs_byte_names
    @pytest.mark.parametrize("name", [b"new\nline.py", b"inv\xffalid.py"])
    def test_names_that_are_no_text(self, session: Session, tree: Path, name: bytes) -> None:
        path = tree / os.fsdecode(name)
        assert session.restarts_by(lambda: path.write_text("x\n")) == {os.fsdecode(name)}
        assert session.restarts_by(lambda: path.write_text("xy\n")) == {os.fsdecode(name)}


class TestManyAtOnce:
    def test_500_files_at_once_are_one_restart(self, tree: Path, make_watcher: MakeWatcher) -> None:
        files = [tree / f"many/dir{number % 20}/mod{number}.py" for number in range(500)]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("first\n")
        with Session(tree, make_watcher) as session:
            changed = session.restarts_by(lambda: [file.write_text("second\n") for file in files])
        assert changed == {file.relative_to(tree).as_posix() for file in files}

    def test_a_storm_of_writes_ends_with_the_last_content_known(self, session: Session, tree: Path) -> None:
        def storm() -> None:
            for number in range(200):
                (tree / "app.py").write_text(f"content {number:03}\n")

        assert session.restarts_by(storm) == {"app.py"}

    def test_two_writes_of_the_same_size_in_one_tick_are_both_served(self, session: Session, tree: Path) -> None:
        for number in range(10):
            (tree / "app.py").write_text(f"content {number}\n")
            session.touch_sentinel()
            edit = partial((tree / "app.py").write_text, f"CONTENT {number}\n")
            assert session.restarts_by(edit) == {"app.py"}


@needs_symlinks
class TestLinks:
    def test_a_retargeted_link(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree.parent / "one.cfg").write_text("one\n")
        (tree.parent / "two.cfg").write_text("two\n")
        (tree / "settings.cfg").symlink_to(tree.parent / "one.cfg")

        def retarget() -> None:
            (tree / "settings.tmp").symlink_to(tree.parent / "two.cfg")
            os.replace(tree / "settings.tmp", tree / "settings.cfg")

        with Session(tree, make_watcher) as session:
            assert session.restarts_by(retarget) == {"settings.cfg"}
            assert session.restarts_by(lambda: (tree.parent / "two.cfg").write_text("two 2\n")) == {"settings.cfg"}

    def test_the_target_of_a_link(self, tree: Path, make_watcher: MakeWatcher) -> None:
        outside = tree.parent / "elsewhere/deep"
        outside.mkdir(parents=True)
        (outside / "real.cfg").write_text("one\n")
        (tree / "settings.cfg").symlink_to(outside / "real.cfg")
        with Session(tree, make_watcher) as session:
            assert session.restarts_by(lambda: (outside / "real.cfg").write_text("two\n")) == {"settings.cfg"}

    def test_an_edit_through_a_linked_directory(self, tree: Path, make_watcher: MakeWatcher) -> None:
        outside = tree.parent / "library"
        (outside / "sub").mkdir(parents=True)
        (outside / "sub/lib.py").write_text("one\n")
        (tree / "vendored").symlink_to(outside)
        with Session(tree, make_watcher) as session:
            assert session.restarts_by(lambda: (outside / "sub/lib.py").write_text("two\n")) == {"vendored/sub/lib.py"}
            assert session.restarts_by(lambda: (tree / "vendored/sub/lib.py").write_text("three\n")) == {
                "vendored/sub/lib.py"
            }

    def test_a_retargeted_directory(self, tree: Path, make_watcher: MakeWatcher) -> None:
        for release in ("1", "2"):
            (tree.parent / "releases" / release).mkdir(parents=True)
            (tree.parent / "releases" / release / "mod.py").write_text(f"release {release}\n")
        (tree / "current").symlink_to(tree.parent / "releases/1")

        def deploy() -> None:
            (tree / "next.tmp").symlink_to(tree.parent / "releases/2")
            os.replace(tree / "next.tmp", tree / "current")

        with Session(tree, make_watcher) as session:
            assert session.restarts_by(deploy) == {"current/mod.py"}
            assert session.restarts_by(lambda: (tree.parent / "releases/2/mod.py").write_text("fix\n")) == {
                "current/mod.py"
            }

    def test_a_kubernetes_config_map(self, tree: Path, make_watcher: MakeWatcher) -> None:
        volume = tree.parent / "volume"
        for version in ("..1", "..2"):
            (volume / version).mkdir(parents=True)
            (volume / version / "app.yaml").write_text(f"version {version}\n")
        (volume / "..data").symlink_to("..1")
        (volume / "app.yaml").symlink_to("..data/app.yaml")

        def update() -> None:
            (volume / "..data_tmp").symlink_to("..2")
            os.replace(volume / "..data_tmp", volume / "..data")

        with Session(tree, make_watcher, extra_files=[volume / "app.yaml"]) as session:
            assert session.restarts_by(update) == {"../volume/app.yaml"}

    def test_a_link_to_the_directory_that_holds_it_does_no_harm(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree / "pkg/loop").symlink_to(tree)
        (tree / "pkg/self").symlink_to(tree / "pkg")
        with Session(tree, make_watcher) as session:
            assert session.restarts_by(lambda: (tree / "pkg/views.py").write_text("x\n")) == {"pkg/views.py"}

    def test_a_link_to_nothing_that_comes_true(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree / "settings.cfg").symlink_to(tree.parent / "later.cfg")
        with Session(tree, make_watcher, extra_files=[tree / "settings.cfg"]) as session:
            assert session.restarts_by(lambda: (tree.parent / "later.cfg").write_text("x\n")) == {"settings.cfg"}


class TestExtraFiles:
    def test_one_that_appears_later(self, tree: Path, make_watcher: MakeWatcher) -> None:
        with Session(tree, make_watcher, extra_files=[tree.parent / "late.env"]) as session:
            assert session.restarts_by(lambda: (tree.parent / "late.env").write_text("A=1\n")) == {"../late.env"}
            assert session.restarts_by((tree.parent / "late.env").unlink) == {"../late.env"}
            assert session.restarts_by(lambda: (tree.parent / "late.env").write_text("A=2\n")) == {"../late.env"}

    def test_one_whose_directory_appears_later(self, tree: Path, make_watcher: MakeWatcher) -> None:
        late = tree.parent / "etc/app/late.env"

        def create() -> None:
            late.parent.mkdir(parents=True)
            late.write_text("A=1\n")

        with Session(tree, make_watcher, extra_files=[late]) as session:
            assert session.restarts_by(create) == {"../etc/app/late.env"}
            assert session.restarts_by(lambda: late.write_text("A=2\n")) == {"../etc/app/late.env"}

    def test_one_that_is_ignored_otherwise(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree / "secrets.log").write_text("x\n")
        with Session(tree, make_watcher, extra_files=[tree / "secrets.log"]) as session:
            assert session.restarts_by(lambda: (tree / "secrets.log").write_text("y\n")) == {"secrets.log"}

    def test_its_neighbours_do_not_count(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree.parent / "one.env").write_text("A=1\n")
        with Session(tree, make_watcher, extra_files=[tree.parent / "one.env"]) as session:
            assert session.changed_by(lambda: (tree.parent / "two.env").write_text("A=1\n")) == set()


class TestRoots:
    def test_one_that_appears_later(self, tree: Path, make_watcher: MakeWatcher) -> None:
        late = tree / "generated/api"

        def create() -> None:
            late.mkdir(parents=True)
            (late / "client.py").write_text("x\n")

        with Session(tree, make_watcher, watch=["generated/api/", "/sentinel.txt"], roots=[tree]) as session:
            assert session.restarts_by(create) == {"generated/api/client.py"}

    @pytest.mark.skipif(
        sys.platform == "win32", reason="Windows makes no directory anew while the watch of its predecessor is open"
    )
    def test_one_outside_that_is_deleted_and_created_again(self, tree: Path, make_watcher: MakeWatcher) -> None:
        other = tree.parent / "other"
        other.mkdir()
        (other / "mod.py").write_text("one\n")

        def delete() -> None:
            (other / "mod.py").unlink()
            other.rmdir()

        def create() -> None:
            other.mkdir()
            (other / "mod.py").write_text("two\n")

        if make_watcher is BACKENDS.get("observer"):
            pytest.skip("watchdog's own recursive watch ends with its root")
        with Session(tree, make_watcher, roots=[tree, other]) as session:
            assert session.restarts_by(delete) == {"../other/mod.py"}
            assert session.restarts_by(create) == {"../other/mod.py"}
            assert session.restarts_by(lambda: (other / "mod.py").write_text("three\n")) == {"../other/mod.py"}


class TestWhatDoesNotRestart:
    def test_reading(self, session: Session, tree: Path) -> None:
        assert session.changed_by(lambda: [path.read_bytes() for path in tree.rglob("*.*")]) == set()

    def test_chmod(self, session: Session, tree: Path) -> None:
        assert session.changed_by(lambda: (tree / "app.py").chmod(0o600)) == set()

    def test_touch(self, session: Session, tree: Path) -> None:
        assert session.changed_by(lambda: os.utime(tree / "app.py")) == set()

    def test_the_same_content_written_again(self, session: Session, tree: Path) -> None:
        content = (tree / "app.py").read_bytes()
        assert session.changed_by(lambda: (tree / "app.py").write_bytes(content)) == set()

    def test_the_same_content_renamed_over(self, session: Session, tree: Path) -> None:
        def save() -> None:
            (tree / "copy~").write_bytes((tree / "app.py").read_bytes())
            os.replace(tree / "copy~", tree / "app.py")

        assert session.changed_by(save) == set()

    def test_a_file_that_is_moved_away_and_back(self, session: Session, tree: Path) -> None:
        def there_and_back() -> None:
            os.rename(tree / "app.py", tree / "app.py~")
            os.rename(tree / "app.py~", tree / "app.py")

        assert session.changed_by(there_and_back) == set()

    def test_bytecode(self, session: Session, tree: Path) -> None:
        def compile_it() -> None:
            (tree / "pkg/__pycache__").mkdir()
            (tree / "pkg/__pycache__/views.cpython-311.pyc").write_bytes(b"code")
            (tree / "pkg/old.pyc").write_bytes(b"code")

        assert session.changed_by(compile_it) == set()

    @pytest.mark.parametrize(
        "name", [".app.py.swp", "app.py~", ".#app.py", "#app.py#", "4913", "app.py___jb_tmp___", "x.tmp"]
    )
    def test_temporary_files_of_editors(self, session: Session, tree: Path, name: str) -> None:
        def edit() -> None:
            (tree / name).write_text("draft\n")
            (tree / name).unlink()

        assert session.changed_by(edit) == set()

    def test_git_internals(self, session: Session, tree: Path) -> None:
        def commit() -> None:
            (tree / ".git/refs/heads").mkdir(parents=True)
            (tree / ".git/refs/heads/topic.py").write_text("abc\n")
            (tree / ".git/index.lock").write_text("x")
            os.replace(tree / ".git/index.lock", tree / ".git/index")

        assert session.changed_by(commit) == set()

    def test_the_log_of_the_program(self, session: Session, tree: Path) -> None:
        def log() -> None:
            with open(tree / "app.log", "a") as file:
                for number in range(50):
                    print(number, file=file, flush=True)

        assert session.changed_by(log) == set()

    def test_what_lies_in_an_ignored_directory(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree / "node_modules/lib").mkdir(parents=True)
        with Session(tree, make_watcher, ignore=["generated/"]) as session:

            def work() -> None:
                (tree / "node_modules/lib/index.js").write_text("x")
                (tree / "generated").mkdir()
                (tree / "generated/code.py").write_text("x")

            assert session.changed_by(work) == set()

    def test_what_no_watch_pattern_asks_for(self, tree: Path, make_watcher: MakeWatcher) -> None:
        with Session(tree, make_watcher, watch=["*.py", "/sentinel.txt"]) as session:
            assert session.changed_by(lambda: (tree / "templates/index.html").write_text("x")) == set()

    def test_an_empty_directory(self, session: Session, tree: Path) -> None:
        assert session.changed_by((tree / "empty").mkdir) == set()


class TestIgnoreFiles:
    def test_gitignore_is_obeyed_nested_negated_and_anchored(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree / ".gitignore").write_text("*.txt\n!sentinel.txt\n/build\n")
        (tree / "pkg/.gitignore").write_text("!keep.txt\n")
        (tree / "build").mkdir()
        (tree / "pkg/build").mkdir()
        with Session(tree, make_watcher) as session:

            def work() -> None:
                for name in ("notes.txt", "pkg/notes.txt", "build/out.py"):
                    (tree / name).write_text("x")

            assert session.changed_by(work) == set()
            assert session.restarts_by(lambda: (tree / "pkg/keep.txt").write_text("x")) == {"pkg/keep.txt"}
            assert session.restarts_by(lambda: (tree / "pkg/build/mod.py").write_text("x")) == {"pkg/build/mod.py"}

    def test_the_exclude_file_of_the_repository_is_obeyed(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree.parent / ".git/info").mkdir(parents=True)
        (tree.parent / ".git/info/exclude").write_text("scratch/\n")
        (tree.parent / ".gitignore").write_text("/project/local.py\n")
        (tree / "scratch").mkdir()
        with Session(tree, make_watcher) as session:

            def work() -> None:
                (tree / "scratch/x.py").write_text("x")
                (tree / "local.py").write_text("x")

            assert session.changed_by(work) == set()

    def test_an_edited_gitignore_counts_at_once(self, session: Session, tree: Path) -> None:
        assert session.changed_by(lambda: (tree / ".gitignore").write_text("scratch/\n")) == set()

        def scratch() -> None:
            (tree / "scratch").mkdir()
            (tree / "scratch/x.py").write_text("x")

        assert session.changed_by(scratch) == set()
        assert session.restarts_by(lambda: (tree / ".gitignore").write_text("\n")) == {"scratch/x.py"}
        assert session.restarts_by(lambda: (tree / "scratch/x.py").write_text("y")) == {"scratch/x.py"}

    def test_a_virtual_environment_does_not_count(self, tree: Path, make_watcher: MakeWatcher) -> None:
        (tree / "my-env/lib").mkdir(parents=True)
        (tree / "my-env/pyvenv.cfg").write_text("home = /usr\n")
        with Session(tree, make_watcher) as session:
            assert session.changed_by(lambda: (tree / "my-env/lib/mod.py").write_text("x")) == set()


class TestCompareByStat:
    def test_a_touch_restarts(self, tree: Path, make_watcher: MakeWatcher) -> None:
        with Session(tree, make_watcher, compare_content=False) as session:
            assert session.restarts_by(lambda: os.utime(tree / "app.py", (1_000_000_000, 1_000_000_000))) == {"app.py"}

    def test_a_chmod_does_not(self, tree: Path, make_watcher: MakeWatcher) -> None:
        with Session(tree, make_watcher, compare_content=False) as session:
            assert session.changed_by(lambda: (tree / "app.py").chmod(0o600)) == set()
