"""What may be asked of a running session: words in, values out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reloader.core.control_protocol import (
    DEFAULT_WAIT,
    MAX_WAIT,
    SUBCOMMANDS,
    ExplainRequest,
    FilesRequest,
    PauseRequest,
    Request,
    RequestError,
    RestartRequest,
    ResumeRequest,
    StatusRequest,
    WaitRequest,
    encode_request,
    parse_request,
)

ONE_OF_EACH: list[Request] = [
    StatusRequest(),
    RestartRequest(),
    PauseRequest(),
    ResumeRequest(),
    FilesRequest(),
    WaitRequest(3, 1.5),
    WaitRequest(),
    ExplainRequest("/app/a.py"),
]


@pytest.mark.parametrize("request_", ONE_OF_EACH, ids=lambda request: type(request).__name__)
def test_a_request_comes_out_as_it_went_in(request_: Request) -> None:
    assert parse_request(encode_request(request_)) == request_


def test_every_subcommand_is_a_request() -> None:
    assert {encode_request(request)["request"] for request in ONE_OF_EACH} == set(SUBCOMMANDS)


def test_a_wait_without_arguments_is_for_now_and_ten_seconds() -> None:
    assert parse_request({"request": "wait"}) == WaitRequest(None, DEFAULT_WAIT)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ([], "an object"),
        (None, "an object"),
        ({}, '"request" is one of'),
        ({"request": "dance"}, '"request" is one of'),
        ({"request": ["status"]}, '"request" is one of'),
        ({"request": "wait", "after": -1}, "number of a run"),
        ({"request": "wait", "after": "then"}, "number of a run"),
        ({"request": "wait", "after": True}, "number of a run"),
        ({"request": "wait", "timeout": -1}, "number of seconds"),
        ({"request": "wait", "timeout": MAX_WAIT + 1}, "number of seconds"),
        ({"request": "wait", "timeout": float("nan")}, "number of seconds"),
        ({"request": "wait", "timeout": True}, "number of seconds"),
        ({"request": "wait", "timeout": "1"}, "number of seconds"),
        ({"request": "why"}, "absolute path"),
        ({"request": "why", "path": ""}, "absolute path"),
        ({"request": "why", "path": "/a\0b"}, "absolute path"),
    ],
)
def test_an_invalid_request_is_rejected_with_a_remedy(words: object, remedy: str) -> None:
    with pytest.raises(RequestError, match=remedy):
        parse_request(words)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    JSON
    | st.fixed_dictionaries(
        {"request": st.sampled_from(SUBCOMMANDS)}, optional={"after": JSON, "timeout": JSON, "path": JSON}
    )
)
def test_anything_is_a_request_or_an_error(words: object) -> None:
    try:
        request = parse_request(words)
    except RequestError:
        return
    assert parse_request(encode_request(request)) == request
