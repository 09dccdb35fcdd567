"""
Structs lose their secrets, wherever in them they stand, and nothing else.
"""

from typing import Annotated, Any, Literal

import msgspec

from conformance.commands.secrets import cleaned
from conformance.text.redaction import MARK, Redactor

SECRET = "s3cret-of-ada"


class Inner(msgspec.Struct, frozen=True):
    headers: dict[str, str]
    body: Any = None


class Outer(msgspec.Struct, frozen=True):
    parts: list[Inner]
    kind: Literal["s3cret-of-ada", "other"] = "other"
    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]+$")] = "name"


def test_a_secret_goes_from_texts_in_lists_keys_and_structs():
    found = cleaned(Outer([Inner({"x-user": f"ada-{SECRET}"}, {SECRET: [f"{SECRET}!", 7]})]), Redactor([SECRET]))

    assert found == Outer([Inner({"x-user": f"ada-{MARK}"}, {MARK: [f"{MARK}!", 7]})])


def test_a_struct_without_a_secret_stays_the_very_same_beside_one_that_has_it():
    without = Inner({"x-user": "bob"})
    found = cleaned(Outer([without, Inner({"x-user": SECRET})]), Redactor([SECRET]))

    assert found.parts[0] is without
    assert found.parts[1].headers == {"x-user": MARK}


def test_words_and_names_of_ours_are_kept_although_a_secret_is_the_same():
    one = Outer([Inner({"x-user": SECRET})], SECRET, SECRET)

    assert cleaned(one, Redactor([SECRET])) == msgspec.structs.replace(one, parts=[Inner({"x-user": MARK})])


def test_what_looks_like_a_secret_goes_from_a_long_text_as_from_a_short_one():
    token = "sk-abcdefghij0123456789"
    found = cleaned(Inner({}, [token, "x " * 1000 + token]), Redactor())

    assert found.body == [MARK, "x " * 1000 + MARK]
