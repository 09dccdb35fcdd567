"""
What docs/trust.md says of the generic mutants is what the committed result says.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.mutant_page import filled, parsed, written

CLONE = Path(__file__).parents[2]
PAGE = (CLONE / "docs" / "trust.md").read_text(encoding="utf-8")
TEXT = (CLONE / "reports" / "mutants.json").read_text(encoding="utf-8")
RESULT = parsed(TEXT)
EXPLAINED = yaml.safe_load((CLONE / "benchmarks" / "equivalent.yaml").read_text(encoding="utf-8"))


def test_the_table_is_that_of_the_result() -> None:
    assert filled(PAGE, RESULT) == PAGE, "stale: run `python -m benchmarks.mutant_page`"


def test_the_result_is_written_as_the_command_writes_it() -> None:
    assert written(RESULT) == TEXT


def test_every_survivor_says_why() -> None:
    left = [one for one in RESULT.rows if one.verdict in ("survived", "equivalent") and not one.why]
    assert [(one.file, one.line, one.now) for one in left] == []


def test_what_is_explained_was_not_killed() -> None:
    killed = {(one.file, one.was, one.now) for one in RESULT.rows if one.verdict not in ("survived", "equivalent")}
    assert [one for one in EXPLAINED if (one["file"], one["was"], one["now"]) in killed] == []


def test_nothing_tells_of_the_machine() -> None:
    assert not [word for word in ("/home/", "/root/", "/tmp/", "127.0.0.1") if word in TEXT]
