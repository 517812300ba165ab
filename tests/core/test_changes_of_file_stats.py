from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.changes import (
    CONTENT_LIMIT,
    MISSING,
    ChangeKind,
    Comparison,
    FileRecord,
    FileStat,
    PathKind,
    compare,
    kind_of_change,
)

FILE = FileStat(PathKind.FILE, mtime_ns=1_000, size=10, inode=7, ctime_ns=2_000)
LARGE = FILE._replace(size=CONTENT_LIMIT + 1)
LARGEST_TO_READ = FILE._replace(size=CONTENT_LIMIT)
DIRECTORY = FileStat(PathKind.DIRECTORY, mtime_ns=1_000, size=10, inode=7, ctime_ns=2_000)
SAME, DIFFERENT, ASK = Comparison.SAME, Comparison.DIFFERENT, Comparison.ASK_CONTENT


@pytest.mark.parametrize(
    ("before", "after", "by_content", "by_stamp"),
    [
        pytest.param(FILE, FILE, SAME, SAME, id="nothing happened"),
        pytest.param(MISSING, MISSING, SAME, SAME, id="nothing was there and nothing is"),
        pytest.param(FILE, FILE._replace(mtime_ns=2_000), ASK, DIFFERENT, id="written or touched"),
        pytest.param(FILE, FILE._replace(mtime_ns=500), ASK, DIFFERENT, id="an older mtime is as different"),
        pytest.param(FILE, FILE._replace(inode=8), ASK, DIFFERENT, id="renamed over"),
        pytest.param(FILE, FILE._replace(size=11), DIFFERENT, DIFFERENT, id="another size is other content"),
        pytest.param(FILE, FILE._replace(ctime_ns=3_000), ASK, SAME, id="a chmod, or a write with restored times"),
        pytest.param(LARGE, LARGE._replace(ctime_ns=3_000), SAME, SAME, id="too large to read"),
        pytest.param(
            LARGE, LARGE._replace(mtime_ns=2_000), DIFFERENT, DIFFERENT, id="too large to read: the stamp decides"
        ),
        pytest.param(
            LARGEST_TO_READ, LARGEST_TO_READ._replace(mtime_ns=2), ASK, DIFFERENT, id="just small enough to read"
        ),
        pytest.param(MISSING, FILE, DIFFERENT, DIFFERENT, id="it appeared"),
        pytest.param(FILE, MISSING, DIFFERENT, DIFFERENT, id="it went"),
        pytest.param(FILE, DIRECTORY, DIFFERENT, DIFFERENT, id="a directory instead"),
        pytest.param(
            DIRECTORY, DIRECTORY._replace(mtime_ns=2_000), DIFFERENT, DIFFERENT, id="a directory has no content"
        ),
        pytest.param(DIRECTORY, DIRECTORY._replace(ctime_ns=3_000), SAME, SAME, id="a directory whose mode changed"),
    ],
)
def test_two_stats_of_one_path(before, after, by_content, by_stamp):
    assert compare(before, after, by_content=True) is by_content
    assert compare(before, after, by_content=False) is by_stamp


stamps = st.builds(
    FileStat, st.sampled_from(PathKind), *[st.integers(0, 2)] * 4
)  # few values, so that stamps often agree in part


@given(stamps, stamps, st.booleans())
def test_the_order_of_two_stats_does_not_matter(before, after, by_content):
    assert compare(before, after, by_content=by_content) is compare(after, before, by_content=by_content)


@given(stamps, stamps, st.booleans())
def test_only_a_difference_in_the_ctime_can_be_the_same_unread(before, after, by_content):
    if compare(before, after, by_content=by_content) is Comparison.SAME:
        assert before.equals_except_ctime(after)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (MISSING, FILE, ChangeKind.ADDED),
        (FILE, MISSING, ChangeKind.REMOVED),
        (FILE, FILE._replace(size=11), ChangeKind.MODIFIED),
        (FILE, DIRECTORY, ChangeKind.MODIFIED),
    ],
)
def test_the_kind_of_a_change_follows_from_what_was_there(before, after, kind):
    assert kind_of_change(before, after) is kind


def test_a_record_has_no_digest_before_the_file_is_read():
    assert FileRecord(FILE).digest is None
