"""What the child is handed. Both halves, POSIX and Windows, are tested on every platform."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reloader.errors import EnvironmentVariableError
from reloader.system.environment import child_environment, inherited_environment
from tests.support.platforms.limits import posix_only
from tests.support.programs.announcements import ROOT

PLATFORMS = ("linux", "darwin", "win32")
BUNDLE = {"linux": "/tmp/_MEIx1", "darwin": "/tmp/_MEIx1", "win32": "C:\\Temp\\_MEIx1"}

_characters = st.characters(exclude_characters="\0=")
_odd_texts = st.sampled_from(
    ["Path", "PATH", "path", "é", "É", "\udcff", "\ud800", "\ud83d\ude00", "ı", "I", "ß", "SS", "µ"]
)
_odd_bytes = st.sampled_from([b"\xff", b"\xc3\xa9", b"\xe9", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"PATH"])
_search_paths = st.lists(
    st.sampled_from(
        ["/usr/bin", "/tmp/_MEIx1", "/tmp/_MEIx1/lib", "", "C:\\Temp\\_MEIx1", "c:/temp/_meix1/", "/tmp/_MEIx12"]
    )
).flatmap(lambda entries: st.sampled_from([":", ";"]).map(lambda separator: separator.join(entries)))
_telling_names = st.sampled_from(
    (
        *("PATH", "Path", "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG", "DYLD_LIBRARY_PATH", "LIBPATH", "LIBPATH_ORIG"),
        *("_MEIPASS2", "_PYI_APPLICATION_HOME_DIR", "_pyi_archive_file"),
    )
)
names = (
    st.text(_characters, min_size=1)
    | st.binary(min_size=1).map(lambda raw: raw.translate(None, b"\0=") or b"x")
    | _odd_texts
    | _odd_bytes
    | _telling_names
)
values = (
    st.text(st.characters(exclude_characters="\0"))
    | st.binary().map(lambda raw: raw.translate(None, b"\0"))
    | _odd_texts
    | _odd_bytes
    | _search_paths
)
environments = st.dictionaries(names, values, max_size=8)
platforms = st.sampled_from(PLATFORMS)


def bundles(platform: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, BUNDLE[platform]])


# What holds for any environment


@given(st.data(), platforms, environments, environments)
def test_cleaning_the_result_again_changes_nothing(data, platform, inherited, additions):
    bundle = data.draw(bundles(platform))
    once = child_environment(inherited, additions, platform=platform, bundle=bundle)
    assert child_environment(once, additions, platform=platform, bundle=bundle) == once


@given(st.data(), platforms, environments)
def test_a_clean_environment_stays_what_it_is(data, platform, inherited):
    bundle = data.draw(bundles(platform))
    once = child_environment(inherited, {}, platform=platform, bundle=bundle)
    assert child_environment(once, {}, platform=platform, bundle=bundle) == once


@given(environments, environments)
def test_on_windows_names_are_unique_whatever_their_case_and_all_text_is_valid(inherited, additions):
    result = child_environment(inherited, additions, platform="win32")
    plain = [name for name in result if name.isascii()]
    assert len({name.upper() for name in plain}) == len(plain)
    for text in (*result, *result.values()):
        assert text.encode("utf-16-le").decode("utf-16-le") == text


@given(environments, environments)
def test_on_posix_everything_can_be_encoded_and_no_two_names_are_the_same_bytes(inherited, additions):
    result = child_environment(inherited, additions, platform="linux")
    encoded = [name.encode(sys.getfilesystemencoding(), "surrogateescape") for name in result]
    assert len(set(encoded)) == len(result)
    assert all(value.encode(sys.getfilesystemencoding(), "surrogateescape") is not None for value in result.values())


@given(st.binary().map(lambda raw: raw.translate(None, b"\0")))
@example(b"\xed\xb0\x80")
@example(bytes(range(1, 256)))
def test_on_posix_every_byte_of_a_value_survives(raw):
    as_text = raw.decode(sys.getfilesystemencoding(), "surrogateescape")
    for value in (raw, as_text):
        result = child_environment({"X": value}, {}, platform="linux")
        assert result["X"].encode(sys.getfilesystemencoding(), "surrogateescape") == raw


@given(st.binary().map(lambda raw: raw.translate(None, b"\0")))
def test_on_windows_bytes_and_their_escaped_text_are_the_same_value(raw):
    escaped = raw.decode("utf-8", "surrogateescape")
    result = child_environment({"RAW": raw, "ESCAPED": escaped}, {}, platform="win32")
    assert result["RAW"] == result["ESCAPED"]


@given(platforms, environments, environments)
def test_additions_win_and_no_other_variable_is_added(platform, inherited, additions):
    result = child_environment(inherited, additions, platform=platform)
    added = child_environment({}, additions, platform=platform)
    ours = child_environment(inherited, {}, platform=platform)
    assert added.items() <= result.items()
    assert result.items() <= ours.items() | added.items()


@given(platforms, environments)
def test_the_variables_of_pyinstaller_never_reach_the_child(platform, inherited):
    result = child_environment(inherited, inherited, platform=platform, bundle=BUNDLE[platform])
    assert not [name for name in result if name.startswith(("_PYI_", "_MEIPASS"))]


# Windows


@pytest.mark.parametrize(
    ("inherited", "additions", "expected"),
    [
        pytest.param({"Path": "a"}, {"PATH": "b"}, {"PATH": "b"}, id="an addition wins, in its own spelling"),
        pytest.param({"PATH": "a", "Path": "b"}, {}, {"Path": "b"}, id="of two inherited the later wins"),
        pytest.param({"GRÖSSE": "1"}, {"größe": "2"}, {"GRÖSSE": "1", "größe": "2"}, id="ß has no upper case"),
        pytest.param({"É": "1"}, {"é": "2"}, {"é": "2"}, id="letters beyond ASCII have case too"),
        pytest.param({"I": "1"}, {"ı": "2"}, {"I": "1", "ı": "2"}, id="the dotless i is not an i"),
        pytest.param({"=C:": "C:\\work"}, {}, {"=C:": "C:\\work"}, id="the current directory of a drive is kept"),
        pytest.param({"=ExitCode": "0"}, {}, {"=ExitCode": "0"}, id="so is any other hidden name"),
        pytest.param({b"N": b"gr\xc3\xbcn"}, {}, {"N": "grün"}, id="bytes are UTF-8"),
        pytest.param({b"N": b"gr\xfcn"}, {}, {"N": "grün"}, id="or else ISO-8859-1"),
        pytest.param({"N": "gr\udcfcn"}, {}, {"N": "grün"}, id="an escaped byte is decoded as the byte that it was"),
        pytest.param({"N": "gr\udcc3\udcbcn"}, {}, {"N": "grün"}, id="escaped bytes are tried as UTF-8 first"),
        pytest.param(
            {"N": "\ud83d\ude00"}, {}, {"N": "\U0001f600"}, id="two surrogates that are a pair are one character"
        ),
        pytest.param(
            {"N": "\ud83d\udc80"}, {}, {"N": "\U0001f480"}, id="also where the second looks like an escaped byte"
        ),
        pytest.param({"N": "a\ud83db"}, {}, {"N": "a\ufffdb"}, id="half a character is replaced"),
        pytest.param({"N": "é\ud800gr\udcfcn"}, {}, {"N": "é\ufffdgrün"}, id="without a harm to what stands beside it"),
        pytest.param({"N\ud800": "x"}, {}, {"N\ufffd": "x"}, id="in names too"),
        pytest.param({"LD_LIBRARY_PATH": ""}, {"E": ""}, {"LD_LIBRARY_PATH": "", "E": ""}, id="empty values are kept"),
    ],
)
def test_on_windows(inherited, additions, expected):
    assert child_environment(inherited, additions, platform="win32") == expected


# POSIX


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd14", "aix"])
@pytest.mark.parametrize(
    ("inherited", "additions", "expected"),
    [
        pytest.param({"Path": "a"}, {"PATH": "b"}, {"Path": "a", "PATH": "b"}, id="case makes another name"),
        pytest.param({"A": "1", b"A": "2"}, {}, {"A": "2"}, id="bytes and text may be the same name"),
        pytest.param({"A": "1"}, {"A": ""}, {"A": ""}, id="an addition wins, even if it is empty"),
        pytest.param({"N": "a\ud83db"}, {}, {"N": "a\ufffdb"}, id="half a character cannot be encoded"),
        pytest.param({"N": "\ud83d\ude00"}, {}, {"N": "\U0001f600"}, id="both halves can"),
        pytest.param(
            {"BASH_FUNC_x%%": "() { :; }"}, {}, {"BASH_FUNC_x%%": "() { :; }"}, id="exported functions survive"
        ),
        pytest.param({"N": "a\nb"}, {}, {"N": "a\nb"}, id="so do lines"),
    ],
)
def test_on_posix(platform, inherited, additions, expected, monkeypatch):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "utf-8")
    assert child_environment(inherited, additions, platform=platform) == expected


def test_on_posix_a_character_that_the_locale_lacks_is_passed_in_utf_8(monkeypatch):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso-8859-1")
    result = child_environment({"N": "10 €", "M": "ü"}, {}, platform="linux")
    assert result["N"].encode("iso-8859-1") == "10 €".encode()
    assert result["M"] == "ü"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows hands a child text, not bytes")
@given(
    st.dictionaries(
        st.binary(min_size=1).map(lambda raw: raw.translate(None, b"\0=") or b"x"),
        st.binary().map(lambda raw: raw.translate(None, b"\0")),
        min_size=3,
    )
)
def test_no_environment_is_refused_by_the_encoding_that_a_launch_uses(variables):
    result = child_environment(variables, {}, platform=sys.platform)
    handed_on = {os.fsencode(name): os.fsencode(value) for name, value in result.items()}
    expected = {name: value for name, value in variables.items() if not name.startswith((b"_PYI_", b"_MEIPASS"))}
    assert handed_on == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows hands a child text, not bytes")
def test_a_real_process_sees_the_very_bytes():
    raw = bytes(range(1, 256))
    odd_name = bytes(byte for byte in range(1, 256) if byte != ord("="))
    additions: dict[str | bytes, str | bytes] = {odd_name: raw, "EMPTY": "", "LINES": "a\nb"}
    environment = child_environment(os.environ, additions, platform=sys.platform)
    program = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(b'='.join(pair) for pair in os.environb.items()))"
    seen = subprocess.run([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, check=True).stdout
    assert {odd_name + b"=" + raw, b"EMPTY=", b"LINES=a\nb"} <= set(seen.split(b"\0"))


# What cannot be handed on


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("variable", "fault", "shown"),
    [
        pytest.param({"": "x"}, "its name is empty", "''", id="no name"),
        pytest.param({"A=B": "x"}, "its name contains '='", "'A=B'", id="an equals sign in a name"),
        pytest.param({b"A=B": b"x"}, "its name contains '='", "'A=B'", id="also in bytes"),
        pytest.param({"==": "x"}, "its name contains '='", "'=='", id="hidden only once"),
        pytest.param({"A\0B": "x"}, "its name contains a NUL character", "'A\\x00B'", id="a NUL in a name"),
        pytest.param({"TOKEN": "s3cret\0x"}, "its value contains a NUL character", "'TOKEN'", id="a NUL in a value"),
        pytest.param({"TOKEN": b"s3cret\0x"}, "its value contains a NUL character", "'TOKEN'", id="a NUL in bytes"),
    ],
)
def test_a_variable_that_no_process_can_have_is_an_error_that_names_it(platform, variable, fault, shown):
    with pytest.raises(EnvironmentVariableError) as added:
        child_environment({}, variable, platform=platform)
    assert fault in str(added.value)
    assert shown in str(added.value)
    assert "env file" in str(added.value)
    assert "s3cret" not in str(added.value)
    if "" not in variable:
        with pytest.raises(EnvironmentVariableError, match="Unset it where reloader is started"):
            child_environment(variable, {}, platform=platform)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("variables", [{"": "x", "A": "1"}, {b"": b"x", b"A": b"1"}])
def test_an_inherited_variable_without_a_name_is_dropped(platform, variables):
    assert child_environment(variables, {}, platform=platform) == {"A": "1"}


def test_all_variables_are_inherited_and_on_windows_hidden_ones_too():
    inherited = inherited_environment()
    assert inherited.items() >= dict(os.environ).items()
    assert all(name.startswith("=") and sys.platform == "win32" for name in inherited.keys() - os.environ.keys())


#: Becomes Python with the program that is its argument, and with a variable without a name, which later Pythons hand to nobody.
WITH_A_NAMELESS_VARIABLE = """
import ctypes, os, sys
def array(words): return (ctypes.c_char_p * (len(words) + 1))(*words, None)
python = os.fsencode(sys.executable)
variables = [b"%s=%s" % pair for pair in os.environb.items()]
ctypes.CDLL(None).execve(python, array([python, b"-c", os.fsencode(sys.argv[1])]), array([b"=x", *variables]))
"""


@posix_only
def test_even_a_variable_without_a_name_can_be_inherited():
    program = (
        "from reloader.system.environment import child_environment as clean\n"
        "from reloader.system.environment import inherited_environment as inherited\n"
        "assert '' in inherited()\n"
        "print(clean(inherited(), {}, platform='linux')['A'])\n"
    )
    seen = subprocess.run(
        [sys.executable, "-c", WITH_A_NAMELESS_VARIABLE, program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "A": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert seen.stdout == b"1\n"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_hidden_name_exists_only_on_windows(platform):
    with pytest.raises(EnvironmentVariableError, match="'=C:'"):
        child_environment({"=C:": "x"}, {}, platform=platform)


def test_a_name_that_cannot_be_printed_is_shown_escaped():
    with pytest.raises(EnvironmentVariableError) as error:
        child_environment({}, {b"\xff\x1b=": "x"}, platform="linux")
    assert str(error.value).isprintable()


@given(platforms, names, values, st.sampled_from(["=", "\0"]), st.text(_characters, min_size=1))
def test_a_forbidden_character_behind_the_first_of_a_name_is_always_found(platform, name, value, forbidden, rest):
    assume(isinstance(name, str))
    with pytest.raises(EnvironmentVariableError):
        child_environment({name + forbidden + rest: value}, {}, platform=platform)


# PyInstaller


@pytest.mark.parametrize("platform", PLATFORMS)
def test_without_a_bundle_only_the_variables_of_pyinstaller_are_removed(platform):
    inherited = {
        "_PYI_ARCHIVE_FILE": "x",
        "_PYI_PARENT_PROCESS_LEVEL": "1",
        "_MEIPASS2": "x",
        "_MEIPASS": "x",
        "LD_LIBRARY_PATH": "/opt/cuda/lib",
        "LD_LIBRARY_PATH_ORIG": "mine",
        "PATH": "/usr/bin",
        "MY_PYI_": "x",
    }
    expected = {"LD_LIBRARY_PATH": "/opt/cuda/lib", "LD_LIBRARY_PATH_ORIG": "mine", "PATH": "/usr/bin", "MY_PYI_": "x"}
    assert child_environment(inherited, {}, platform=platform) == expected


@pytest.mark.parametrize(
    ("inherited", "expected"),
    [
        pytest.param({"LD_LIBRARY_PATH": "/tmp/_MEIx1"}, {}, id="there was none before"),
        pytest.param(
            {"LD_LIBRARY_PATH": "/tmp/_MEIx1:/opt/lib", "LD_LIBRARY_PATH_ORIG": "/opt/lib"},
            {"LD_LIBRARY_PATH": "/opt/lib"},
            id="the value of before comes back",
        ),
        pytest.param(
            {"LD_LIBRARY_PATH": "/tmp/_MEIx1:", "LD_LIBRARY_PATH_ORIG": ""},
            {"LD_LIBRARY_PATH": ""},
            id="also an empty one",
        ),
        pytest.param(
            {"LD_LIBRARY_PATH": "/opt/lib"}, {"LD_LIBRARY_PATH": "/opt/lib"}, id="somebody has cleaned before"
        ),
        pytest.param(
            {"LD_LIBRARY_PATH": "/tmp/_MEIx1/lib:/tmp/_MEIx1/"}, {}, id="directories in the bundle are the bundle"
        ),
        pytest.param({"LD_LIBRARY_PATH": "/tmp/_MEIx12"}, {"LD_LIBRARY_PATH": "/tmp/_MEIx12"}, id="a neighbour is not"),
        pytest.param({"LIBPATH": "/tmp/_MEIx1", "LIBPATH_ORIG": "/a"}, {"LIBPATH": "/a"}, id="AIX"),
        pytest.param(
            {"DYLD_LIBRARY_PATH": "/tmp/_MEIx1", "DYLD_LIBRARY_PATH_ORIG": "/a"},
            {"DYLD_LIBRARY_PATH": "/a"},
            id="macOS",
        ),
        pytest.param({"DYLD_FALLBACK_LIBRARY_PATH": "/tmp/_MEIx1"}, {}, id="every variable of dyld"),
        pytest.param(
            {"LD_LIBRARY_PATH": "/private/tmp/_MEIx1", "_PYI_APPLICATION_HOME_DIR": "/private/tmp/_MEIx1"},
            {},
            id="the name by which the bootloader knows its directory",
        ),
        pytest.param({"PATH": "/tmp/_MEIx1/bin:/usr/bin:/bin"}, {"PATH": "/usr/bin:/bin"}, id="PATH"),
        pytest.param({"PATH": ":/tmp/_MEIx1:/bin:"}, {"PATH": ":/bin:"}, id="the other entries are left as they are"),
        pytest.param({"PATH": "/tmp/_MEIx1"}, {}, id="an empty PATH would mean the current directory"),
        pytest.param({"MANPATH": "/tmp/_MEIx1"}, {"MANPATH": "/tmp/_MEIx1"}, id="no other variable is looked into"),
    ],
)
def test_a_frozen_program_removes_its_own_directory(inherited, expected):
    assert child_environment(inherited, {}, platform="linux", bundle="/tmp/_MEIx1") == expected
    assert child_environment(inherited, {}, platform="darwin", bundle="/tmp/_MEIx1/") == expected


def test_on_windows_the_entries_of_the_bundle_are_found_in_any_spelling():
    path = 'C:\\Windows;c:/temp/_meix1/Tools;"C:\\Temp\\_MEIx1";C:\\Temp\\_MEIx12'
    result = child_environment({"Path": path}, {}, platform="win32", bundle="C:\\Temp\\_MEIx1\\")
    assert result == {"Path": "C:\\Windows;C:\\Temp\\_MEIx12"}


def test_a_library_path_that_the_user_adds_is_kept():
    result = child_environment(
        {"LD_LIBRARY_PATH": "/tmp/_MEIx1"},
        {"LD_LIBRARY_PATH": "/tmp/_MEIx1/lib:/a"},
        platform="linux",
        bundle="/tmp/_MEIx1",
    )
    assert result == {"LD_LIBRARY_PATH": "/tmp/_MEIx1/lib:/a"}
