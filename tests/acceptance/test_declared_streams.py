"""
A server with a stream of its own is judged by what its profile says of the events, and a broken stream is seen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from homegrown import DIALECTS, homegrown, profile
from renamed import serving

from conformance.cli import main

PLAYED = (
    "recall/seed-test-2-conversation-history",
    "storage/one-text-everywhere",
    "streaming/three-deltas-are-one-message",
    "streaming/well-formed",
)


def played(dialect: str, defect: str | None, folder: Path, *, begun: bool = False) -> tuple[int, dict[str, Any]]:
    file = folder / "homegrown.yaml"
    file.write_text(profile(dialect, begun=begun), encoding="utf-8")
    with serving(homegrown(dialect, defect)) as server:
        chosen = [word for one in PLAYED for word in ("-s", one)]
        words = [server.url, "--upstream", server.upstream, "-p", str(file), *chosen, "-o", str(folder / "r"), "-q"]
        result = CliRunner().invoke(main, ["run", *words])
    assert (folder / "r" / "results.json").exists(), result.output
    outcomes = json.loads((folder / "r" / "results.json").read_text())["outcomes"]
    return result.exit_code, {one["scenario"]: one for one in outcomes if one["scenario"] in PLAYED}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_healthy_stream_of_json_events_passes(dialect: str, tmp_path: Path):
    code, outcomes = played(dialect, None, tmp_path)

    assert {name: one["kind"] for name, one in outcomes.items()} == dict.fromkeys(PLAYED, "passed")
    assert code == 0


def test_a_stream_can_tell_the_thread_that_its_turn_began(tmp_path: Path):
    code, outcomes = played("lines", None, tmp_path, begun=True)

    assert {name: one["kind"] for name, one in outcomes.items()} == dict.fromkeys(PLAYED, "passed")
    assert code == 0


@pytest.mark.parametrize(
    ("dialect", "defect", "told"),
    [
        ("events", "last-token-lost", "the text at $.answer is not what its deltas say"),
        ("lines", "last-token-lost", "streaming/three-deltas-are-one-message"),
        ("events", "no-end", "the stream ended without its terminal marker"),
        ("lines", "no-end", "the stream ended without its terminal marker"),
    ],
)
def test_a_broken_stream_of_json_events_fails(dialect: str, defect: str, told: str, tmp_path: Path):
    code, outcomes = played(dialect, defect, tmp_path)

    failed = {name: one for name, one in outcomes.items() if one["kind"] == "failed"}
    assert "streaming/three-deltas-are-one-message" in failed
    assert told in json.dumps(failed)
    assert code == 1
