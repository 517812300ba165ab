from __future__ import annotations

import json

import pytest

from reloader.cli.main import main
from reloader.config.schema import schema


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(schema()))
