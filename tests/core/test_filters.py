"""Which paths count, and the rule that is named for it."""

from __future__ import annotations

import warnings

import pytest

from reloader.core.paths.filters import (
    NO_FACTS,
    VIRTUALENV,
    DirectoryFacts,
    PathFilter,
    PatternError,
    Patterns,
    Rule,
    RuleSet,
    Verdict,
)
from reloader.core.paths.ignores import DEFAULT_IGNORES


def rules(*patterns: str, source: str = "test") -> list[Rule]:
    return [Rule(pattern, source, line) for line, pattern in enumerate(patterns, 1)]


def ignoring(*patterns: str, root: str = "/app", **facts: DirectoryFacts) -> PathFilter:
    return PathFilter(
        [root], stronger=[RuleSet(root, rules(*patterns))], facts_of=lambda path: facts.get(path, NO_FACTS)
    )


def watching(*patterns: str) -> PathFilter:
    return PathFilter(["/app"], watch=[Patterns("/app", tuple(rules(*patterns)))])


def gitignores(ignored: dict[str, list[str]], **others: object) -> PathFilter:
    facts = {
        directory: DirectoryFacts(RuleSet(directory, rules(*lines, source=f"{directory}/.gitignore"), lenient=True))
        for directory, lines in ignored.items()
    }
    return PathFilter(["/app"], facts_of=lambda path: facts.get(path, NO_FACTS), **others)  # type: ignore[arg-type]


# gitignore patterns


@pytest.mark.parametrize(
    ("patterns", "path", "is_watched"),
    [
        pytest.param([], "a.py", True, id="without a rule everything counts"),
        pytest.param(["*.log"], "a.log", False, id="a name"),
        pytest.param(["*.log"], "deep/down/a.log", False, id="a name at any depth"),
        pytest.param(["*.log"], "a.log.py", True, id="a name is matched as a whole"),
        pytest.param(["build"], "build", False, id="a name without a slash is a file"),
        pytest.param(["build"], "sub/build/a.py", False, id="or a directory"),
        pytest.param(["build/"], "build", True, id="a trailing slash means directories only"),
        pytest.param(["build/"], "build/a.py", False, id="and what lies in them"),
        pytest.param(["build/"], "sub/build/a.py", False, id="at any depth"),
        pytest.param(["/build/"], "build/a.py", False, id="a leading slash anchors"),
        pytest.param(["/build/"], "sub/build/a.py", True, id="at the base"),
        pytest.param(["doc/build"], "doc/build/a", False, id="a slash in the middle anchors as well"),
        pytest.param(["doc/build"], "x/doc/build/a", True, id="so it is not found deeper"),
        pytest.param(["**/doc/build"], "x/y/doc/build/a", False, id="leading stars find it at any depth"),
        pytest.param(["**/doc/build"], "doc/build", False, id="also at none"),
        pytest.param(["**/x"], "a/b/x", False, id="two stars and a name"),
        pytest.param(["x/**"], "x/a", False, id="everything inside"),
        pytest.param(["x/**"], "x/a/b/c", False, id="however deep"),
        pytest.param(["x/**", "!x/a"], "x/a", True, id="but x itself is entered, so that a file in it can come back"),
        pytest.param(["x/**/y"], "x/y", False, id="stars in the middle: no directory"),
        pytest.param(["x/**/y"], "x/a/b/y", False, id="or several"),
        pytest.param(["x/**/"], "x/a", True, id="every directory inside, not a file"),
        pytest.param(["x/**/"], "x/a/b", False, id="what is in such a directory"),
        pytest.param(["x/*"], "x/a", False, id="one star is one name"),
        pytest.param(["x/*.py"], "x/a/b.py", True, id="and does not cross a slash"),
        pytest.param(["x/?"], "x/a", False, id="a question mark"),
        pytest.param(["x?y"], "x/y", True, id="is not a slash"),
        pytest.param(["x[!a]y"], "x/y", True, id="nor is a negated class"),
        pytest.param(["*.[ch]"], "a.c", False, id="a class"),
        pytest.param(["*.[!ch]"], "a.c", True, id="a negated class"),
        pytest.param(["*.[^ch]"], "a.py", True, id="one character"),
        pytest.param(["*.[^ch]"], "a.o", False, id="negated with a caret"),
        pytest.param(["a[0-9]"], "a7", False, id="a range"),
        pytest.param(["a[9-0]"], "a7", True, id="a range that is upside down holds nothing"),
        pytest.param(["a[!9-0]"], "a7", False, id="and its opposite everything"),
        pytest.param(["a[[:digit:]]"], "a7", False, id="a named class"),
        pytest.param(["a[[:alpha:]_]"], "a_", False, id="with company"),
        pytest.param(["a[a\\-z]"], "am", True, id="an escaped dash is no range"),
        pytest.param(["a[]x]"], "a]", False, id="a bracket that comes first is itself"),
        pytest.param(["[[]x]"], "[x]", False, id="the way to write a bracket"),
        pytest.param(["\\[x\\]"], "[x]", False, id="or so"),
        pytest.param(["a[x-]"], "a-", False, id="a dash that comes last is itself"),
        pytest.param(["\\!x"], "!x", False, id="an escaped exclamation mark"),
        pytest.param(["\\#x"], "#x", False, id="an escaped hash"),
        pytest.param(["*x", "!#x"], "#x", True, id="a hash that does not come first"),
        pytest.param(["*x", "!!x"], "!x", True, id="an exclamation mark that does not come first"),
        pytest.param(["x\\ "], "x ", False, id="an escaped space at the end"),
        pytest.param(["x "], "x", False, id="a space at the end is nothing"),
        pytest.param([" x"], "x", True, id="one at the beginning is part of the name"),
        pytest.param(["a*c"], "a\nc", False, id="a line feed is a character"),
        pytest.param(["a"], "a\n", True, id="also at the end"),
        pytest.param(["GRÜN"], "grün", True, id="case matters"),
        pytest.param(["*.log", "!a.log"], "a.log", True, id="re-included"),
        pytest.param(["!a.log", "*.log"], "a.log", False, id="the last match wins"),
        pytest.param(["*", "!*.py"], "a.py", True, id="all but some names"),
        pytest.param(["*", "!*.py"], "sub/a.py", False, id="whose directory is ignored, though"),
        pytest.param(["*", "!*/", "!*.py"], "sub/deep/a.py", True, id="unless directories are re-included"),
        pytest.param(["*", "!*/", "!*.py"], "sub/deep/a.txt", False, id="and the rest is not"),
        pytest.param(["*/"], "a.py", True, id="all directories: a file at the top counts"),
        pytest.param(["*/"], "sub/a.py", False, id="and no other"),
        pytest.param(["/*", "!/src"], "src/a.py", True, id="all but one directory"),
        pytest.param(["/*", "!/src"], "lib/a.py", False, id="is the usual whitelist"),
        pytest.param(
            ["build/", "!build/keep.py"], "build/keep.py", False, id="nothing in an ignored directory comes back"
        ),
        pytest.param(["build/*", "!build/keep.py"], "build/keep.py", True, id="what is ignored by itself does"),
    ],
)
def test_a_path_below_the_root(patterns, path, is_watched):
    assert ignoring(*patterns).is_watched(f"/app/{path}") is is_watched


@pytest.mark.parametrize("name", ["a.py", "a.log", "keep.log"])
@pytest.mark.parametrize("directory", ["/app", "/app/sub", "/app/build", "/elsewhere"])
def test_the_matcher_of_a_directory_agrees_with_is_watched(directory, name):
    path_filter = ignoring("*.log", "!keep.log", "build/")
    assert path_filter.matcher_for(directory)(name) is path_filter.is_watched(f"{directory}/{name}")


def test_a_pattern_for_everything_inside_does_not_match_the_directory_itself():
    assert ignoring("x/**").descends_into("/app/x")
    assert not ignoring("x/**").descends_into("/app/x/y")
    assert not ignoring("x").descends_into("/app/x")


def test_characters_of_a_pattern_are_literal_in_real_names():
    for name in ("*", "[a]", "a?", "**", "!a", "#a", "a\\b", "{a,b}"):
        assert ignoring("other").explain(f"/app/{name}/file") == Verdict(True, None, f"/app/{name}/file")
        assert not ignoring("file").is_watched(f"/app/{name}/file")


def test_a_directory_with_odd_characters_in_its_name_is_a_base_like_any_other():
    path_filter = ignoring("/build/", root="/app/[x]*")
    assert not path_filter.is_watched("/app/[x]*/build/a")
    assert path_filter.is_watched("/app/[x]*/a")
    assert not path_filter.is_watched("/app/xy/a")


# Roots


def test_only_paths_below_a_root_are_watched():
    path_filter = PathFilter(["/app", "/lib/"])
    assert path_filter.is_watched("/app/a")
    assert path_filter.is_watched("/lib/sub/a")
    assert not path_filter.is_watched("/app")
    assert not path_filter.is_watched("/other/a")
    assert not path_filter.is_watched("relative/a")


def test_a_root_is_not_a_string_prefix():
    path_filter = PathFilter(["/app"], stronger=[RuleSet("/app", rules("first"))])
    assert not path_filter.is_watched("/app_first/a")
    assert not path_filter.descends_into("/app_first")
    assert path_filter.is_watched("/app/app_first/a")


def test_rules_hold_only_below_their_base():
    path_filter = PathFilter(["/"], stronger=[RuleSet("/app", rules("/build/", "a/b"))])
    assert not path_filter.is_watched("/app/build/x")
    assert path_filter.is_watched("/app_first/build/x")
    assert path_filter.is_watched("/build/x")
    assert path_filter.is_watched("/app_first/a/b")


@pytest.mark.parametrize("base", ["", "/"])
def test_the_root_of_the_disk_is_a_root_like_any_other(base):
    path_filter = PathFilter(["/"], stronger=[RuleSet(base, rules("/proc/", "*.log"))])
    assert path_filter.descends_into("/")
    assert path_filter.is_watched("/a.py")
    assert not path_filter.is_watched("/proc/1/stat")
    assert path_filter.is_watched("/app/proc/a")
    assert not path_filter.is_watched("/app/a.log")


def test_a_root_inside_an_ignored_directory_of_another_root_is_still_a_root():
    path_filter = PathFilter(["/app", "/app/build/gen"], stronger=[RuleSet("/app", rules("build/"))])
    assert not path_filter.is_watched("/app/build/a")
    assert path_filter.is_watched("/app/build/gen/a")


def test_a_root_that_is_named_like_an_ignored_directory_is_watched():
    path_filter = PathFilter(["/home/build"], weaker=[RuleSet("", rules("build/"))])
    assert path_filter.is_watched("/home/build/a")
    assert not path_filter.is_watched("/home/build/build/a")


# Windows


def windows(*patterns: str, root: str = "C:\\app") -> PathFilter:
    ignored = RuleSet(root, rules(*patterns), ignore_case=True)
    return PathFilter([root], stronger=[ignored], separator="\\")


@pytest.mark.parametrize(
    ("patterns", "path", "is_watched"),
    [
        (["build/"], "C:\\app\\build\\a.py", False),
        (["/src/gen"], "C:\\app\\src\\gen\\a.py", False),
        (["/src/gen"], "C:\\app\\lib\\src\\gen\\a.py", True),
        (["src/**/x"], "C:\\app\\src\\a\\b\\x", False),
        (["BUILD/"], "C:\\app\\Build\\a.py", False),
        (["*.LOG"], "C:\\app\\a.log", False),
        (["x[a-c]"], "C:\\app\\XB", False),
        (["/App"], "C:\\app_first\\a", False),
        ([], "C:\\app_first\\a", False),
        ([], "D:\\app\\a", False),
        ([], "C:\\app\\sub\\a", True),
    ],
)
def test_on_windows_separators_and_case_are_normalised(patterns, path, is_watched):
    assert windows(*patterns).is_watched(path) is is_watched


def test_a_drive_may_be_a_root():
    path_filter = windows("/Windows/", "*.tmp", root="C:\\")
    assert path_filter.descends_into("C:\\")
    assert path_filter.is_watched("C:\\a.py")
    assert path_filter.is_watched("C:\\app\\windows\\a.py")
    assert not path_filter.is_watched("C:\\windows\\a.py")
    assert not path_filter.is_watched("C:\\app\\a.TMP")
    assert not path_filter.is_watched("D:\\a.py")


def test_a_share_may_be_a_root():
    path_filter = windows("build/", root="\\\\server\\share")
    assert path_filter.is_watched("\\\\server\\share\\a.py")
    assert not path_filter.is_watched("\\\\server\\share\\build\\a.py")
    assert not path_filter.is_watched("\\\\server\\other\\a.py")


# .gitignore files, and what is stronger


def test_a_deeper_gitignore_is_stronger_and_holds_only_below_itself():
    path_filter = gitignores({"/app": ["*.txt", "/gen"], "/app/docs": ["!*.txt", "/draft"]})
    assert not path_filter.is_watched("/app/a.txt")
    assert path_filter.is_watched("/app/docs/a.txt")
    assert path_filter.is_watched("/app/docs/deep/a.txt")
    assert not path_filter.is_watched("/app/docs/draft")
    assert path_filter.is_watched("/app/draft")
    assert path_filter.is_watched("/app/docs/gen")


def test_a_gitignore_in_an_ignored_directory_is_never_read():
    asked = []

    def facts_of(directory):
        asked.append(directory)
        return NO_FACTS

    path_filter = PathFilter(["/app"], stronger=[RuleSet("/app", rules("node_modules/"))], facts_of=facts_of)
    assert not path_filter.is_watched("/app/node_modules/x/y/z.js")
    assert path_filter.is_watched("/app/src/z.js")
    assert asked == ["/app", "/app/src"]


def test_a_gitignore_is_stronger_than_the_weak_rules_and_weaker_than_the_strong_ones():
    path_filter = gitignores(
        {"/app": ["!a.log", "b.py", "c.py"]},
        weaker=[RuleSet("/app", rules("*.log", source="defaults"))],
        stronger=[RuleSet("/app", rules("!c.py", source="config"))],
    )
    assert path_filter.is_watched("/app/a.log")
    assert not path_filter.is_watched("/app/b.log")
    assert not path_filter.is_watched("/app/b.py")
    assert path_filter.is_watched("/app/c.py")


def test_of_several_rule_sets_the_last_is_the_strongest():
    sets = [RuleSet("/app", rules("a")), RuleSet("/app", rules("!a"))]
    assert PathFilter(["/app"], stronger=sets).is_watched("/app/a")
    assert not PathFilter(["/app"], stronger=sets[::-1]).is_watched("/app/a")
    assert PathFilter(["/app"], weaker=sets).is_watched("/app/a")
    assert not PathFilter(["/app"], weaker=sets[::-1]).is_watched("/app/a")


def test_lines_that_git_ignores_are_ignored():
    path_filter = gitignores({"/app": ["", "# comment", "   ", "[a", "\\", "*.log"]})
    assert path_filter.is_watched("/app/a")
    assert path_filter.is_watched("/app/[a")
    assert not path_filter.is_watched("/app/a.log")


def test_an_empty_rule_set_is_false():
    assert not RuleSet("/app", rules("# only", ""), lenient=True)
    assert RuleSet("/app", rules("x"))
    assert RuleSet("/app", rules("/x"))


def test_a_gitignore_that_has_changed_is_read_again_after_forget():
    lines = ["*.log"]

    def facts_of(directory):
        return DirectoryFacts(RuleSet(directory, rules(*lines)) if directory == "/app" else None)

    path_filter = PathFilter(["/app"], facts_of=facts_of)
    assert not path_filter.is_watched("/app/sub/a.log")
    lines[:] = ["*.txt"]
    assert not path_filter.is_watched("/app/sub/a.log")
    path_filter.forget()
    assert path_filter.is_watched("/app/sub/a.log")


# Virtual environments


def with_virtualenv_at(directory: str, *patterns: str, roots: tuple[str, ...] = ("/app",)) -> PathFilter:
    facts = {directory: DirectoryFacts(is_virtualenv=True)}
    return PathFilter(
        roots, weaker=[RuleSet("/app", rules(*patterns))], facts_of=lambda directory: facts.get(directory, NO_FACTS)
    )


def test_a_virtual_environment_is_recognised_by_its_contents():
    path_filter = with_virtualenv_at("/app/my-env")
    assert path_filter.explain("/app/my-env/lib/x.py") == Verdict(False, VIRTUALENV, "/app/my-env")
    assert path_filter.is_watched("/app/other/lib/x.py")


def test_a_virtual_environment_that_is_unignored_is_watched():
    assert with_virtualenv_at("/app/env", "!env/").is_watched("/app/env/lib/x.py")
    assert with_virtualenv_at("/app/env", roots=("/app", "/app/env")).is_watched("/app/env/lib/x.py")
    assert with_virtualenv_at("/app").is_watched("/app/x.py")


# Explanations


def test_a_verdict_names_the_rule_its_source_and_the_path_that_it_matched():
    path_filter = ignoring("build/", "*.log", "!keep.log")
    assert path_filter.explain("/app/build/x/y") == Verdict(False, Rule("build/", "test", 1), "/app/build")
    assert path_filter.explain("/app/a.log") == Verdict(False, Rule("*.log", "test", 2), "/app/a.log")
    assert path_filter.explain("/app/keep.log") == Verdict(True, Rule("!keep.log", "test", 3), "/app/keep.log")
    assert path_filter.explain("/app/a.py") == Verdict(True, None, "/app/a.py")
    assert path_filter.explain("/else/a.py").rule is None


def test_the_same_name_is_matched_again_under_other_rules():
    path_filter = ignoring("a.py", "!/sub/a.py")
    assert not path_filter.is_watched("/app/a.py")
    assert path_filter.is_watched("/app/sub/a.py")
    assert not path_filter.is_watched("/app/other/a.py")


def test_more_names_than_the_cache_keeps_are_matched_as_well():
    path_filter = ignoring("*.log")
    counted = [path_filter.is_watched(f"/app/{number}.{'log' if number % 2 else 'py'}") for number in range(5000)]
    assert counted == [number % 2 == 0 for number in range(5000)]


# The watch list


@pytest.mark.parametrize(
    ("patterns", "path", "is_watched"),
    [
        pytest.param(["src/**/*.py"], "src/a.py", True, id="a file below"),
        pytest.param(["src/**/*.py"], "src/x/y/a.py", True, id="or deeper"),
        pytest.param(["src/**/*.py"], "src/a.txt", False, id="nothing else"),
        pytest.param(["src/**/*.py"], "lib/src/a.py", False, id="a slash anchors"),
        pytest.param(["*.py"], "x/a.py", True, id="no slash: at any depth"),
        pytest.param(["templates/"], "templates/x/a.html", True, id="all in a directory"),
        pytest.param(["templates/"], "site/templates/a.html", True, id="of this name"),
        pytest.param(["templates/"], "templates", False, id="a directory is no file"),
        pytest.param(["/templates"], "site/templates/a.html", False, id="or only here"),
        pytest.param(["*/"], "sub/a", True, id="all that lies in a directory"),
        pytest.param(["*/"], "a", False, id="and nothing that does not"),
        pytest.param(["*"], "x/a", True, id="everything"),
        pytest.param(["**"], "x/a", True, id="everything, spelled out"),
        pytest.param(["src/", "!src/gen/"], "src/gen/a.py", False, id="less a part"),
        pytest.param(["src/", "!src/gen/"], "src/a.py", True, id="of it"),
        pytest.param(["src/", "!*.txt", "src/a.txt"], "src/a.txt", True, id="the last match wins"),
        pytest.param(["!a.py"], "b.py", False, id="an exception alone asks for nothing"),
        pytest.param([], "a.py", False, id="nothing asked for"),
    ],
)
def test_with_a_watch_list_only_what_it_matches_is_watched(patterns, path, is_watched):
    assert watching(*patterns).is_watched(f"/app/{path}") is is_watched


def test_the_watch_list_names_its_rule_too():
    assert watching("*.py").explain("/app/a.py") == Verdict(True, Rule("*.py", "test", 1), "/app/a.py")
    assert watching("*.py", "!b.py").explain("/app/b.py") == Verdict(False, Rule("!b.py", "test", 2), "/app/b.py")
    assert watching("*.py").explain("/app/a.txt") == Verdict(False, None, "/app/a.txt")


def test_an_ignored_path_is_not_watched_even_if_watch_matches_it():
    path_filter = PathFilter(
        ["/app"], watch=[Patterns("/app", tuple(rules("*.py")))], stronger=[RuleSet("/app", rules("build/"))]
    )
    assert path_filter.is_watched("/app/a.py")
    assert not path_filter.is_watched("/app/build/a.py")


def test_several_watch_lists_each_match_in_their_own_directory():
    lists = [Patterns("/app", tuple(rules("/a.py"))), Patterns("/lib", tuple(rules("/b.py")))]
    path_filter = PathFilter(["/app", "/lib"], watch=lists)
    assert path_filter.is_watched("/app/a.py")
    assert path_filter.is_watched("/lib/b.py")
    assert not path_filter.is_watched("/lib/a.py")


def test_a_watch_list_may_ignore_case():
    patterns = Patterns("C:\\app", tuple(rules("src/*.PY")), ignore_case=True)
    path_filter = PathFilter(["C:\\app"], watch=[patterns], separator="\\")
    assert path_filter.is_watched("C:\\app\\SRC\\a.py")


# Patterns that mean nothing


@pytest.mark.parametrize("pattern", ["", "   ", "# comment", "[a", "a[", "/", "!/", "a\\", "!", "[a/b]", "[[\\]"])
def test_a_pattern_that_matches_nothing_is_an_error_that_names_it(pattern):
    with pytest.raises(PatternError) as in_rules:
        RuleSet("/app", rules(pattern))
    assert repr(pattern) in str(in_rules.value)
    with pytest.raises(PatternError):
        Patterns("/app", tuple(rules(pattern)))


@pytest.mark.parametrize(
    "pattern", ["[[]x", "[[:alpha:]]", "[a&&b]", "[a--b]", "[a||b]", "[~~]", "[z-a]", "[!]]", "[[.a.]]"]
)
def test_no_bracket_makes_the_regular_expressions_warn_or_fail(pattern):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert RuleSet("/app", rules(pattern, "/" + pattern))


# The defaults


def test_every_default_ignore_is_a_pattern():
    assert RuleSet("/app", DEFAULT_IGNORES)


@pytest.mark.parametrize(
    "path",
    [
        ".git/index.lock",
        "sub/.git",
        "__pycache__/a.cpython-311.pyc",
        "node_modules/x/index.js",
        "a.py~",
        ".a.py.swp",
        "4913",
        "#a.py#",
        ".#a.py",
        "a.py___jb_tmp___",
        "server.log",
        ".DS_Store",
    ],
)
def test_files_of_tools_are_ignored_by_default(path):
    assert not PathFilter(["/app"], weaker=[RuleSet("/app", DEFAULT_IGNORES)]).is_watched(f"/app/{path}")


@pytest.mark.parametrize(
    "path", ["a.py", ".env", "log.py", "src/git/a.py", "templates/index.html", "Makefile", "tmp/a.js"]
)
def test_what_people_edit_is_watched_by_default(path):
    assert PathFilter(["/app"], weaker=[RuleSet("/app", DEFAULT_IGNORES)]).is_watched(f"/app/{path}")


@pytest.mark.parametrize(
    ("pattern", "path", "is_refused"),
    [
        ("generated/", "/proj/app/generated/deep/code.py", True),
        ("generated/", "/proj/app/generated", False),
        ("*.log", "/elsewhere/x.log", True),
        ("/build/**", "/proj/app/build/x.py", True),
        ("/build/**", "/elsewhere/build/x.py", False),
        ("app/", "/proj/app/x.py", False),
        ("work/", "/proj/other/x.py", False),
        ("other/", "/proj/other/x.py", True),
        ("!x.py", "/proj/app/x.py", False),
        ("*.py", "/proj/app/x.txt", False),
    ],
)
def test_the_stronger_rules_ignore_a_path_anywhere(pattern: str, path: str, is_refused: bool) -> None:
    rules = RuleSet("/proj/app", [Rule(pattern, "test")])
    assert PathFilter(["/proj/app"], stronger=[rules]).is_explicitly_ignored(path) is is_refused
    assert not PathFilter(["/proj/app"], weaker=[rules]).is_explicitly_ignored(path)


def test_a_directory_is_explained_by_the_rule_that_excludes_its_content() -> None:
    filter_ = PathFilter(["/app"], stronger=[RuleSet("/app", [Rule("build/", "a test")])])
    assert filter_.explain_directory("/app/build/deep") == Verdict(False, Rule("build/", "a test"), "/app/build")
    assert filter_.explain_directory("/app/src/").is_watched
    assert not filter_.explain_directory("/").is_watched
