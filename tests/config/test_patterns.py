"""The base and the root of a watch pattern, on both kinds of platform, without a disk."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reloader.config.patterns import AnchoredPattern, PathContext, anchor, is_whole_disk, outermost
from reloader.core.paths.filters import PatternError, Patterns, Rule

POSIX = PathContext("linux", "/proj/app", "/home/me")
WINDOWS = PathContext("win32", r"C:\proj\app", r"C:\Users\me")


@pytest.mark.parametrize(
    ("pattern", "base", "rest", "root"),
    [
        ("src/**/*.py", "/proj/app", "src/**/*.py", "/proj/app/src"),
        ("src/app.py", "/proj/app", "src/app.py", "/proj/app/src"),
        ("a/b/*.py", "/proj/app", "a/b/*.py", "/proj/app/a/b"),
        ("*.py", "/proj/app", "*.py", "/proj/app"),
        ("templates", "/proj/app", "templates", "/proj/app"),
        ("templates/", "/proj/app", "/templates/", "/proj/app/templates"),
        ("*.d/", "/proj/app", "/*.d/", "/proj/app"),
        ("**/templates/", "/proj/app", "**/templates/", "/proj/app"),
        ("!src/gen/", "/proj/app", "!src/gen/", "/proj/app/src/gen"),
        ("a\\[b/c/*.py", "/proj/app", "a\\[b/c/*.py", "/proj/app"),
        ("./*.py", "/proj/app", "/*.py", "/proj/app"),
        ("./src//*.py", "/proj/app", "src/*.py", "/proj/app/src"),
        ("src/../lib/*.py", "/proj/app", "lib/*.py", "/proj/app/lib"),
        (".", "/proj/app", "/**", "/proj/app"),
        ("!./x", "/proj/app", "!/x", "/proj/app"),
        ("../shared/*.py", "/proj/shared", "/*.py", "/proj/shared"),
        ("../shared/", "/proj", "/shared/", "/proj/shared"),
        ("../shared/**/*.py", "/proj/shared", "**/*.py", "/proj/shared"),
        ("..", "/proj", "/**", "/proj"),
        ("../app/src/*.py", "/proj/app", "src/*.py", "/proj/app/src"),
        ("/etc/nginx/*.conf", "/etc/nginx", "/*.conf", "/etc/nginx"),
        ("!/etc/nginx/x/**", "/etc/nginx/x", "!/**", "/etc/nginx/x"),
        ("/proj/app/src/*.py", "/proj/app", "src/*.py", "/proj/app/src"),
        ("/", "/", "/**", "/"),
        ("/*", "/", "/*", "/"),
        ("~", "/home/me", "/**", "/home/me"),
        ("~/notes/*.md", "/home/me/notes", "/*.md", "/home/me/notes"),
        ("~you", "/proj/app", "~you", "/proj/app"),
    ],
)
def test_a_pattern_is_split_into_its_directory_and_the_rest(pattern: str, base: str, rest: str, root: str) -> None:
    assert anchor(pattern, POSIX) == AnchoredPattern(base, rest, root)


@pytest.mark.parametrize(
    ("pattern", "base", "rest", "root"),
    [
        ("src/**/*.py", r"C:\proj\app", "src/**/*.py", r"C:\proj\app\src"),
        ("C:/proj/APP/src/*.py", r"C:\proj\app", "src/*.py", r"C:\proj\APP\src"),
        ("D:/data/*.csv", r"D:\data", "/*.csv", r"D:\data"),
        ("D:/", "D:\\", "/**", "D:\\"),
        ("/data/*.csv", r"C:\data", "/*.csv", r"C:\data"),
        ("//server/share/x/*.csv", r"\\server\share\x", "/*.csv", r"\\server\share\x"),
        ("../shared/a/", r"C:\proj\shared", "/a/", r"C:\proj\shared\a"),
        ("~/notes/*.md", r"C:\Users\me\notes", "/*.md", r"C:\Users\me\notes"),
    ],
)
def test_on_windows_a_pattern_may_begin_with_a_drive(pattern: str, base: str, rest: str, root: str) -> None:
    assert anchor(pattern, WINDOWS) == AnchoredPattern(base, rest, root)


@pytest.mark.parametrize(
    ("pattern", "rest", "root"),
    [
        ("src/web", "src/web", "/proj/app/src/web"),
        ("/srv/data", "/data", "/srv/data"),
        ("~/project", "/project", "/home/me/project"),
        ("../shared", "/shared", "/proj/shared"),
    ],
)
def test_a_directory_that_is_there_is_its_own_root(pattern: str, rest: str, root: str) -> None:
    context = PathContext("linux", "/proj/app", "/home/me", is_directory=lambda path: path == root)
    placed = anchor(pattern, context)
    assert (placed.pattern, placed.root) == (rest, root)


def test_a_directory_below_the_base_with_a_wildcard_in_its_name_keeps_its_own_base() -> None:
    context = PathContext("linux", "/", "/home/a[b]")
    assert anchor("~/x/*.md", context) == AnchoredPattern("/home/a[b]/x", "/*.md", "/home/a[b]/x")


@pytest.mark.parametrize("pattern", ["*/../x", "src/*/..", "./**/../x"])
def test_a_pattern_with_dots_after_a_wildcard_is_invalid(pattern: str) -> None:
    with pytest.raises(PatternError, match="after a wildcard"):
        anchor(pattern, POSIX)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (".", "/proj/app/a/b.py"),
        ("./src/", "/proj/app/src/a/b.py"),
        ("templates/", "/proj/app/templates/x.html"),
        ("../shared/", "/proj/shared/deep/x"),
        ("/etc/nginx/**", "/etc/nginx/a/b"),
        ("~", "/home/me/x"),
    ],
)
def test_an_anchored_pattern_matches_the_same_files(pattern: str, path: str) -> None:
    placed = anchor(pattern, POSIX)
    patterns = Patterns(placed.base, (Rule(placed.pattern, "here"),))
    assert patterns.rule_for(path[len(placed.base) :].lstrip("/")) is not None


@pytest.mark.parametrize(
    ("roots", "kept"),
    [
        (["/a/b", "/a", "/ab"], ("/a", "/ab")),
        (["/a", "/a"], ("/a",)),
        (["/", "/a"], ("/",)),
        ([], ()),
    ],
)
def test_no_root_lies_inside_another(roots: Sequence[str], kept: tuple[str, ...]) -> None:
    assert outermost(roots, POSIX) == kept


def test_on_windows_roots_are_compared_without_case() -> None:
    assert outermost([r"C:\A\b", r"c:\a", r"D:\x", r"d:\X"], WINDOWS) == (r"c:\a", r"d:\X")


@pytest.mark.parametrize(
    ("path", "context", "is_whole"),
    [
        ("/", POSIX, True),
        ("//", POSIX, True),
        ("/home", POSIX, False),
        ("C:\\", WINDOWS, True),
        (r"C:\Users", WINDOWS, False),
        ("\\\\server\\share\\", WINDOWS, True),
    ],
)
def test_a_whole_disk_is_recognised(path: str, context: PathContext, is_whole: bool) -> None:
    assert is_whole_disk(path, context) is is_whole


@pytest.mark.parametrize(
    ("path", "context", "absolute"),
    [
        (".env", POSIX, "/proj/app/.env"),
        ("../x/./y", POSIX, "/proj/x/y"),
        ("/etc/x", POSIX, "/etc/x"),
        ("~", POSIX, "/home/me"),
        ("~/.env", POSIX, "/home/me/.env"),
        ("~x/.env", POSIX, "/proj/app/~x/.env"),
        (r"~\x", POSIX, r"/proj/app/~\x"),
        (r"~\.env", WINDOWS, r"C:\Users\me\.env"),
        ("D:/x", WINDOWS, r"D:\x"),
        (r"\x", WINDOWS, r"C:\x"),
    ],
)
def test_a_path_is_relative_to_the_base(path: str, context: PathContext, absolute: str) -> None:
    assert context.absolute(path) == absolute


def test_the_home_directory_is_recognised_through_a_link() -> None:
    assert POSIX.is_home("/home/me")
    links = {"/home/me": "/data/me"}
    context = PathContext("linux", "/proj", "/home/me", real_path=lambda path: links.get(path, path))
    assert context.is_home("/data/me")
    assert not context.is_home("/data")
