"""
What is said of a wrong command line before anything is sent.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.commands.values import value_of


@pytest.mark.parametrize("text", ["[1", "!!python/object:x", "a: b: c", "[" * 1200])
def test_a_value_that_is_no_yaml_is_refused(text: str, tmp_path: Path):
    refused = CliRunner().invoke(
        main, ["init", "http://127.0.0.1:9", "--value", f"x={text}", "-o", str(tmp_path / "p")]
    )

    assert refused.exit_code == 2
    assert "stands in quotes" in refused.output


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("books", "books"), ("[1, a]", [1, "a"]), ("2026-01-31", "2026-01-31"), ("2026-13-01", "2026-13-01")],
)
def test_a_value_is_what_json_can_say(text: str, value: object):
    assert value_of(text) == value
