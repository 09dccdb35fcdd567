"""
A server where nobody need say who asks is not blamed for a credential that it was not given.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from renamed import serving

from conformance.cli import main
from reference_server.application import application
from reference_server.assembly import Settings

ABOUT_NOBODY = "isolation/nobodys-threads"


@pytest.mark.parametrize(
    ("token", "kind", "told"),
    [
        (None, "inconclusive", "needs the credential of alice: set THREADGAUGE_TOKEN_ALICE"),
        ("alice-4711", "passed", ""),
    ],
)
def test_what_is_nobodys_is_told_from_what_is_alices_where_alice_can_be_shown(
    token: str | None, kind: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("THREADGAUGE_TOKEN_ALICE", raising=False)
    if token is not None:
        monkeypatch.setenv("THREADGAUGE_TOKEN_ALICE", token)

    def made(model: str):
        app, database = application(["anita"], f"sqlite:///{tmp_path / 'store.db'}", Settings(model))
        database.create()
        return app

    with serving(made) as server:
        words = [server.url, "-p", "anita", "-s", ABOUT_NOBODY, "--upstream", server.upstream, "-q"]
        CliRunner().invoke(main, ["run", *words, "-o", str(tmp_path / "report")])
    outcomes = json.loads((tmp_path / "report" / "results.json").read_text())["outcomes"]
    one = next(one for one in outcomes if one["scenario"] == ABOUT_NOBODY)

    assert one["kind"] == kind
    assert told in json.dumps(one)
