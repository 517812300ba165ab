from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.changes import ChangeBatch, ChangeKind, PathChange

ADDED, MODIFIED, REMOVED = ChangeKind.ADDED, ChangeKind.MODIFIED, ChangeKind.REMOVED

changes = st.lists(st.builds(PathChange, st.sampled_from(["a", "b", "c"]), st.sampled_from(list(ChangeKind))))


@pytest.mark.parametrize(
    ("before", "after", "together"),
    [
        pytest.param(ADDED, ADDED, ADDED, id="seen twice"),
        pytest.param(ADDED, MODIFIED, ADDED, id="a new file that is written is still new"),
        pytest.param(ADDED, REMOVED, REMOVED, id="it came and went"),
        pytest.param(MODIFIED, ADDED, ADDED, id="the last word counts"),
        pytest.param(MODIFIED, MODIFIED, MODIFIED, id="written twice"),
        pytest.param(MODIFIED, REMOVED, REMOVED, id="written and removed"),
        pytest.param(REMOVED, ADDED, MODIFIED, id="what went and came back was modified"),
        pytest.param(REMOVED, MODIFIED, MODIFIED, id="it must have come back"),
        pytest.param(REMOVED, REMOVED, REMOVED, id="removed twice"),
    ],
)
def test_two_changes_of_one_path_are_one(before, after, together):
    batch = ChangeBatch.of([PathChange("a", before), PathChange("a", after)])
    assert list(batch) == [PathChange("a", together)]


def test_a_batch_keeps_the_order_in_which_paths_were_first_seen():
    batch = ChangeBatch.of([PathChange("b", MODIFIED), PathChange("a", MODIFIED), PathChange("b", REMOVED)])
    assert list(batch) == [PathChange("b", REMOVED), PathChange("a", MODIFIED)]
    assert batch.first == PathChange("b", REMOVED)
    assert len(batch) == 2


def test_an_empty_batch_has_no_first_change():
    assert len(ChangeBatch()) == 0
    with pytest.raises(StopIteration):
        _ = ChangeBatch().first


def test_a_batch_cannot_be_changed():
    with pytest.raises(TypeError):
        ChangeBatch.of([PathChange("a", ADDED)]).kinds["b"] = ADDED  # type: ignore[index]


@given(changes, changes)
def test_merging_batches_is_having_seen_all_their_changes(earlier, later):
    merged = ChangeBatch.of(earlier).merged_with(ChangeBatch.of(later))
    assert set(merged.kinds) == {change.path for change in [*earlier, *later]}
    assert list(merged.kinds) == list(ChangeBatch.of([*earlier, *later]).kinds)


@given(changes)
def test_merging_with_nothing_changes_nothing(seen):
    batch = ChangeBatch.of(seen)
    assert batch.merged_with(ChangeBatch()) == batch == ChangeBatch().merged_with(batch)
