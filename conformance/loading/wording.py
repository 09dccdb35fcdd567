"""
The sentences of problems: msgspec's refusals in the words of YAML, and suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from conformance.text.suggest import did_you_mean

__all__ = ["among", "listed", "refusal", "suggestion"]

_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping",
}
_EXPECTED: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_PATTERN: Final = re.compile(r"Expected `str` matching regex '(.*)'")

_FORMS: Final = {
    r"^[0-9]+(\.[0-9]+)?(ms|s)$": "a duration: `300ms`, `2s`",
    r"^(\$\{[^}]+\}|(>=|<=|>|<|==)? *([0-9]+|\$\{[^}]+\}))$": 'a number or a condition: `">= 20"`',
    r"^(headers|first-token|last-token|finish|done|token-[0-9]+)$": (
        "a gate: headers, first-token, token-N, last-token, finish or done"
    ),
    r"^(held|first-text|text-[0-9]+|last-text|end)$": (
        "a place in the answer: held, first-text, text-N, last-text or end"
    ),
    r"^(header [A-Za-z0-9_-]+|stream|\$.*)$": (
        "where the id is: `header x-thread-id`, `stream`, or a JSON path such as `$.thread.id`"
    ),
    r"^/": "a path that begins with `/`",
    r"^[a-z0-9-]+(/[a-z0-9-]+)*$": "lower-case words: `storage/turn-is-stored`",
    r"^[a-z]+/[a-z0-9-]+$": "an area and a name: `storage/turn-is-stored`",
    r"^[a-z][a-z0-9-]*$": "a lower-case word: `my-server`",
    r"^[a-z][a-z0-9_]*$": "a principal's name, a lower-case word: `alice`",
    r"^[A-Za-z0-9_-]+$": "a header's name: `x-api-key`",
    r"^https?://": "an address: `https://tracker.example/12`",
}
"""
What each pattern of the model asks for. A test holds this against the model.
"""


def listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def suggestion(word: str, choices: Iterable[str]) -> str | None:
    """
    The likeliest of the choices, or all of them if none is near; nothing if there are none.
    """
    known = list(choices)
    near = did_you_mean(word, known)
    if near:
        return f"did you mean `{near}`?"
    return f"known: {listed(known)}" if known else None


def among(word: str, choices: Iterable[str]) -> str:
    """
    The choices, the likeliest first.
    """
    known = list(choices)
    near = None if word.isdigit() else did_you_mean(word, known)
    return f"did you mean `{near}`? It is one of {listed(known)}" if near else f"it is one of {listed(known)}"


def refusal(message: str, value: Any) -> tuple[str, str | None]:
    """
    msgspec's message in other words, and a way out where the mistake is a common one.
    """
    message = message.partition(" - at `")[0]
    if pattern := _PATTERN.fullmatch(message):
        form = pattern[1].replace("\\\\", "\\")  # msgspec shows the pattern as Python writes it
        return f"`{value}` is not {_FORMS.get(form, f'of the form {form}')}", None
    if expected := _EXPECTED.fullmatch(message):
        wanted, got = _kinds(expected[1]), _kinds(expected[2])
        return f"expected {wanted}, got {got}", _way_out(expected[1], value)
    return message[:1].lower() + message[1:], None


def _kinds(words: str) -> str:
    kinds = [_KINDS.get(word, word) for word in words.split(" | ") if word != "null" or words == "null"]
    return " or ".join(kinds)


def _way_out(wanted: str, value: Any) -> str | None:
    if "bool" in wanted and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return f"write `{'true' if value.lower() in ('yes', 'on') else 'false'}`"
    if "str" in wanted and isinstance(value, bool | int | float):
        return "quote it"
    return "write `{}` for no more than that" if value is None and wanted == "object" else None
