"""
Whose credentials come from where, and that none of them is written.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.commands.credentials import (
    any_credentials,
    as_principals,
    given_credentials,
    made_credentials,
    of_dialect,
)
from conformance.commands.secrets import redactor_for
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.errors import UsageError
from conformance.model.profile import Profile


def profile(**more: Any) -> Profile:
    return msgspec.convert({"profile": "small", "title": "Small", "principals": ["alice", "bob"], **more}, Profile)


def test_a_credential_comes_from_the_environment_under_the_name_in_capitals():
    found = given_credentials([profile()], None, {"THREADGAUGE_TOKEN_BOB": "b-token"})

    assert found["bob"] == "b-token"
    assert "alice" not in found


def test_a_file_comes_before_the_environment(tmp_path: Path):
    file = tmp_path / "tokens.yaml"
    file.write_text("bob: from-the-file\n")

    assert given_credentials([profile()], file, {"THREADGAUGE_TOKEN_BOB": "other"})["bob"] == "from-the-file"


def test_a_strangers_credential_is_made_up_and_new():
    first, second = (given_credentials([profile()], None, {})["stranger"] for _ in range(2))

    assert first != second


def test_a_profile_without_principals_has_no_credentials():
    assert made_credentials([profile(principals=[])]) == {}


@pytest.mark.parametrize(("text", "told"), [("eve: x\n", "no principal 'eve'"), ("bob: 7\n", "bob is no text")])
def test_a_file_with_a_mistake_is_told_without_its_tokens(tmp_path: Path, text: str, told: str):
    file = tmp_path / "tokens.yaml"
    file.write_text(text)

    with pytest.raises(UsageError, match=told):
        given_credentials([profile()], file, {})


def test_the_reference_server_is_told_of_everybody_but_the_stranger():
    tokens = made_credentials([profile(principals=["alice", "bob", "carol", "dave"])])

    told = json.loads(as_principals(["tea"], tokens))

    assert {one["name"]: (one["user"], one["tenant"], one["limit"]) for one in told.values()} == {
        "alice": ("tea-alice", "tea-tenant-1", None),
        "bob": ("tea-bob", "tea-tenant-1", None),
        "carol": ("tea-carol", "tea-tenant-2", None),
        "dave": ("tea-dave", "tea-tenant-1", 3),
    }
    assert not [token for token in told if tokens["stranger"] in token]


def test_a_principal_of_two_dialects_is_two_callers():
    tokens = made_credentials([profile()])

    told = json.loads(as_principals(["tea", "milk"], tokens))

    assert set(told) == {token for one in ("tea", "milk") for token in of_dialect(one, tokens).values()} - {
        of_dialect(one, tokens)["stranger"] for one in ("tea", "milk")
    }
    assert all(any(secret in token for secret in tokens.values()) for token in told)


def test_no_token_is_written():
    tokens = made_credentials([profile()])
    redactor = redactor_for({}, None, (), tokens.values())

    assert not [token for token in tokens.values() if token in redactor.text(f"said {token} aloud")]


def test_tokens_are_kept_out_of_messages_that_come_before_the_profile_is_known(tmp_path: Path):
    file = tmp_path / "tokens.yaml"
    file.write_text("bob: from-the-file\n")

    assert set(any_credentials(file, {"THREADGAUGE_TOKEN_EVE": "e", "PATH": "p"})) == {"from-the-file", "e"}


def test_a_profile_that_needs_credentials_says_how_to_give_them():
    setup = Setup([profile(auth={"required": True})], url="http://127.0.0.1:9")

    async def opened() -> None:
        async with open_targets(setup):
            pass

    with pytest.raises(UsageError, match="set THREADGAUGE_TOKEN_ALICE, or give --credentials FILE"):
        loop.run(opened())


def test_a_header_of_that_name_is_the_first_principals_credential():
    setup = Setup([profile(auth={"required": True})], url="http://127.0.0.1:9", headers={"Authorization": "Basic x"})

    async def holders() -> frozenset[str]:
        async with open_targets(setup) as targets:
            return targets[0].holders

    assert loop.run(holders()) == {"alice"}
