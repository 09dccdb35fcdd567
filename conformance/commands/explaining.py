"""
`threadgauge explain`: what a name means, why it is there, how it is judged, and what breaks it. Nothing is asked of
any server.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from conformance.commands.knowledge import Explanation, Knowledge
from conformance.errors import UsageError
from conformance.text.suggest import did_you_mean, near_ones, same_word

__all__ = ["explain_command", "explained", "render_explanations"]

WIDEST = 100  # columns: longer lines are hard to read
LABEL = 16


def explain_command(name: str, as_json: bool = False) -> str:
    """
    All that is called so, as text or as JSON. Raises `UsageError` with what was probably meant.
    """
    found = explained(name, Knowledge())
    if as_json:
        return json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False)
    return render_explanations(found, min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST))


def explained(name: str, knowledge: Knowledge) -> list[Explanation]:
    """
    A requirement and the scenario that shows it may have one name: both are told. `-` and `_` are alike.
    """
    if found := list(knowledge.of(_id(name))):
        return found
    known = list(knowledge.names())
    if found := [each for one in same_word(_id(name), known) for each in knowledge.of(one)]:
        return found
    whole = did_you_mean(name, known)
    near = [one for one in near_ones(name, known) if one != whole]
    guess = f"Did you mean {' or '.join([*([whole] if whole else []), *near][:3])}?" if whole or near else ""
    raise UsageError(
        f"there is nothing called {name}. "
        + (guess or "`threadgauge list --requirements` (or --scenarios, --defects, --quirks) shows what there is.")
    )


def render_explanations(found: Sequence[Explanation], width: int) -> str:
    """
    A paragraph each, wrapped to so many columns.
    """
    return "\n\n".join("\n".join(_lines(one, width)) for one in found)


def _id(name: str) -> str:
    """
    The name without its example or its dialect, as reports write them: `recall/window[count=17]`, `a/b@anita`.
    """
    return name.strip().partition("[")[0].partition("@")[0].removesuffix(".yaml").removeprefix("scenarios/")


def _lines(one: Explanation, width: int) -> Iterator[str]:
    yield f"{one.id}  ({one.kind})"
    yield from _wrapped(one.sentence, width, "  ", "  ")
    for label, values in one.facts.items():
        yield ""
        first, *rest = values if any(" " in value or ":" in value for value in values) else [", ".join(values)]
        yield from _wrapped(first, width, f"  {label:<{LABEL}}", " " * (LABEL + 4))
        for value in rest:
            yield from _wrapped(value, width, " " * (LABEL + 2), " " * (LABEL + 4))


def _wrapped(text: str, width: int, first: str, further: str) -> list[str]:
    return textwrap.wrap(
        " ".join(line.strip() for line in text.splitlines()),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
