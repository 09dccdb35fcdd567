"""
A draft as the text of a profile: every guess beside what it is about, and what could not be mapped at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import yaml

from conformance.drafting.draft import Draft
from conformance.drafting.matching import alike
from conformance.drafting.openapi import Api

__all__ = ["written"]

SHOWN: Final = 40  # endpoints that are not mapped; a server may have hundreds that are about something else
WIDTH: Final = 90  # columns after which a line is broken
Shown = Callable[[str], str]
_POLICIES: Final = """\
# What the server promises where the contract leaves a choice: those above were seen, or given. The others cannot be
# seen from outside; what is left out is unsupported, not failed. Say, if you know: history (whole, window),
# extra_system_prompt, on_disconnect, concurrent_turns, question_stored, readable_after, truncated_answers,
# failed_model, delete, ..."""
_CAPABILITIES: Final = """\
# Optional things: `threadgauge doctor` names those that it sees and that are not declared here."""
_STORE: Final = """\
# store:            # two SELECTs over your own schema, see docs/write-a-profile.md; then run with --db
#   threads: SELECT id, title, created_at FROM threads
#   messages: SELECT id, thread_id, role, content AS text, created_at FROM messages ORDER BY created_at, id"""


def written(draft: Draft, api: Api, url: str, shown: Shown) -> str:
    """
    The profile, ready to be loaded. What a server said stands in comments as `shown` has it: on one line, without what
    no YAML file may hold.
    """
    return "\n".join(_lines(_told(draft, shown), api, url, shown)) + "\n"


def _told(draft: Draft, shown: Shown) -> Draft:
    return replace(
        draft,
        notes={about: [shown(one) for one in notes] for about, notes in draft.notes.items()},
        problems=[shown(one) for one in draft.problems],
        capabilities={name: shown(why) for name, why in draft.capabilities.items()},
    )


def _lines(draft: Draft, api: Api, url: str, shown: Shown) -> Iterator[str]:
    yield f"# Drafted from the OpenAPI document of {shown(url)}, and from what a few requests were answered with."
    yield "# What is declared was seen once; read it through, above all what is marked with `guessed`."
    yield from (f"# TO DO: {one}" for one in draft.problems)
    yield from _comments(draft.notes.get("top", ()))
    yield from _plain({"profile": draft.name, "title": draft.title})
    yield ""
    yield from _comments(draft.notes.get("ids", ()))
    yield from _plain({"ids": draft.ids} if draft.ids else {})
    yield from _who(draft)
    yield from _plain({"makes": draft.makes} if draft.makes else {})
    yield ""
    yield from _operations(draft)
    yield from _rest(draft)
    yield from _unmapped(draft, api, shown)
    yield _STORE


def _who(draft: Draft) -> Iterator[str]:
    yield from _comments(draft.notes.get("auth", ()))
    if draft.auth is None or not draft.principals:
        return
    yield from _plain({"principals": list(draft.principals)})
    auth = draft.auth
    yield from _plain({"auth": {"header": auth.header, "value": auth.value, "required": auth.required}})


def _operations(draft: Draft) -> Iterator[str]:
    yield "operations:" if draft.operations else "operations: {}"
    for name, operation in draft.operations.items():
        at = next((one for one in sorted(draft.mapped) if one in draft.notes and _asks(operation, one)), None)
        yield from (f"  {one}" for one in _comments(draft.notes.get(at, ()) if at is not None else ()))
        yield from (f"  {line}" for line in _plain({name: operation}))
        yield ""


def _asks(operation: Mapping[str, Any], endpoint: str) -> bool:
    method, _, path = endpoint.partition(" ")
    request = operation["request"]
    return bool(method == request["method"]) and alike(path, request["path"])


def _rest(draft: Draft) -> Iterator[str]:
    if draft.roles:
        yield from _plain({"roles": draft.roles})
        yield ""
    if draft.limits:
        yield from _comments(draft.notes.get("limits", ()))
        yield from _plain({"limits": draft.limits})
        yield ""
    if draft.errors:
        yield from _plain({"errors": draft.errors})
        yield ""
    yield _CAPABILITIES
    yield from _plain({"capabilities": list(draft.capabilities)})
    yield from (f"# {name}: {why}" for name, why in draft.capabilities.items())
    yield ""
    yield from _comments(draft.notes.get("policies", ()))
    yield from _plain({"policies": draft.policies})
    yield _POLICIES
    if draft.settle is not None:
        yield ""
        yield from _comments(draft.notes.get("settle", ()))
        yield from _plain({"settle": draft.settle})
    yield ""


def _unmapped(draft: Draft, api: Api, shown: Shown) -> Iterator[str]:
    left = [str(one) for one in api.endpoints if str(one) not in draft.mapped]
    if not left:
        return
    yield "# Not mapped, because nothing here could say what it is, or the answer did not show what it should:"
    for one in left[:SHOWN]:
        told = "; ".join(draft.notes.get(one, ()))
        yield f"#   {shown(one)}{f' ({told})' if told else ''}"
    yield ""


def _comments(notes: Iterable[str]) -> Iterator[str]:
    yield from (f"# {' '.join(one.split())}" for one in notes)


def _plain(value: Mapping[str, Any]) -> Iterator[str]:
    """
    YAML, its innermost collections on one line.
    """
    for key, one in value.items():
        text: str = yaml.safe_dump(
            {key: one}, default_flow_style=None, sort_keys=False, allow_unicode=True, width=WIDTH
        )
        yield from (text if isinstance(one, dict | list) else text.strip("{}\n")).rstrip("\n").split("\n")
