"""
Where a list has what the profile's mapping does not find: a mistake of the profile, and no other.

A question that was said is looked for in the body. Where it is nowhere, or is where the profile has it, nothing is said
of the profile: what is wrong then is the server's doing, and is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.checkup.finding import Finding
from conformance.drafting.seeing import Listed, the_messages
from conformance.model.profile import Profile
from conformance.model.text import Text
from conformance.model.transcript import Message, StepRecord
from conformance.text.digest import text_of
from conformance.text.jsonpath import parse

__all__ = ["PLACES", "mismapped"]

PLACES: Final = {
    "list": ("operations", "list_messages", "items"),
    "list texts": ("operations", "list_messages", "fields", "text"),
    "list roles": ("operations", "list_messages", "fields", "role"),
    "list ids": ("operations", "list_messages", "fields", "id"),
}
"""
Where in a profile that stands which a finding is about.
"""

ROLES: Final = frozenset({"user", "assistant", "system", "developer", "tool"})


def mismapped(record: StepRecord, profile: Profile, said: str, answer: Text | None) -> Iterator[Finding]:
    """
    What the mapping of `list_messages` does not find at all, with what would; `said` and `answer` are those of the one
    turn that was listed. Nothing where it finds something, be it wrong.
    """
    exchange, operation = record.exchanges[-1], profile.operations["list_messages"]
    there = the_messages(exchange.value, said, answer.whole if answer is not None else None)
    if exchange.status not in operation.status or there is None:
        return
    if not record.messages:
        if there.items != operation.items:
            yield _wrong("list", f"no message is at `{operation.items}`", f"write `items: {there.items}`")
        return
    declared = operation.fields
    text = there.fields["text"]
    if _is_elsewhere(text, declared.get("text")) and not _is_said(said, record.messages):
        yield _wrong("list texts", "the question is in none of the texts", f"write `text: {text}`")
    yield from _roles(record.messages, declared.get("role"), there, profile)
    own = there.fields.get("id")
    if own is not None and "id" in declared and _is_elsewhere(own, declared["id"]) and _are_one(record.messages):
        yield _wrong("list ids", "no message has an id of its own", f"write `id: {own}`")


def _roles(messages: Sequence[Message], declared: str | None, there: Listed, profile: Profile) -> Iterator[Finding]:
    """
    A role that is none of those that a message can have: the path leads elsewhere, or the word is to be mapped.
    """
    seen = list(dict.fromkeys(one.role for one in messages))
    right = there.fields.get("role")
    if right is None or any(role in ROLES for role in seen):
        return
    roles = there.roles
    told = "no message has a role" if seen == ["None"] else f"the roles are {', '.join(seen)}"
    fixes = [f"write `role: {right}`"] if _is_elsewhere(right, declared) else []
    unmapped = {theirs: ours for theirs, ours in roles.items() if profile.roles.get(theirs) != ours}
    if unmapped:
        fixes.append(f"write `roles: {{{', '.join(f'{theirs}: {ours}' for theirs, ours in unmapped.items())}}}`")
    if fixes:
        yield _wrong("list roles", told, " and ".join(fixes))


def _wrong(about: str, said: str, fix: str) -> Finding:
    place = ".".join(PLACES[about][2:])
    return Finding(about=about, state="wrong", said=f"{said} (`{place}` of `list_messages`)", fix=fix)


def _is_said(said: str, messages: Sequence[Message]) -> bool:
    return text_of(said) in [one.text for one in messages]


def _is_elsewhere(right: str, declared: str | None) -> bool:
    """
    Whether they part at the name of a member. What is where it is declared, in another shape, is the server's doing.
    """
    if declared is None:
        return True
    parting = next((pair for pair in zip(parse(right), parse(declared), strict=False) if pair[0] != pair[1]), ())
    return bool(parting) and all(isinstance(step, str) for step in parting)


def _are_one(messages: Sequence[Message]) -> bool:
    ids = [one.id for one in messages]
    return set(ids) == {None} or (len(ids) > 1 and len(set(ids)) == 1)
