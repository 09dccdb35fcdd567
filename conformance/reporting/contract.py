"""
The contract as a page to read: every requirement with its reason, what depends on a choice, and what shows it.

`python -m conformance.reporting.contract` writes docs/contract.md anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Final

from conformance.loading.ledger import load_ledger
from conformance.loading.places import ROOT, shipped_ledger, shipped_scenarios
from conformance.loading.scenarios import load_scenarios
from conformance.model.requirement import Ledger, Requirement, SuspectDefect
from conformance.model.scenario import Scenario
from conformance.reporting.reports import report_url

__all__ = ["FILE", "contract_text", "render_contract", "shown_by"]

FILE: Final = ROOT / "docs" / "contract.md"

_HEAD: Final = """\
# The contract

What a server that keeps conversation threads has to do, sentence by sentence. With this page and a
[profile](write-a-profile.md), which says how the requests and answers look, a second server can be written, and
[one has been](../ARCHITECTURE.md#the-second-server); [the dialects](dialects.md) have the routes, and
[`threadgauge run`](test-my-server.md) tells whether it is one.

This page is made from [`scenarios/requirements.yaml`](../scenarios/requirements.yaml) and the scenarios:
`python -m conformance.reporting.contract` writes it anew.

## How to read it

A **thread** is a conversation. A **message** in it has a role and a text. A **turn** is a question and its answer: the
client says something, the server asks its model, the answer is streamed, and both are stored. The **prompt** is what
the server sends to its model in a turn.

* A requirement's id is for ever. Its first part is its area.
* **MUST** is what every server keeps. **SHOULD** is listed as a deviation where it does not hold, and fails a run only
  with `--strict`.
* *Only with* names [capabilities](#capabilities): a server that does not declare one is not asked for it.
* *Depends on* names [policies](#policies): questions with more than one good answer. The profile declares one, and the
  server is held to it.
* *Shown by* are the scenarios, each the shortest conversation in which the requirement is kept or broken. Each is a
  short YAML file, and the last word on what is meant.
* *Broken by* are the known ways to get it wrong, with the public report of a server that did.
* *From* says where it comes from: see [sources](#sources).
"""


@dataclass(frozen=True, slots=True)
class _Page:
    """
    What the page is made from. `shown` are the scenarios by requirement.
    """

    ledger: Ledger
    shown: Mapping[str, Sequence[Scenario]]


def shown_by(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    """
    The scenarios of each requirement.
    """
    found: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        found.setdefault(scenario.requirement or scenario.id, []).append(scenario)
    return found


def contract_text() -> str:
    """
    The page of the ledger and the scenarios that ship.
    """
    scenarios = [one.scenario for one in load_scenarios([shipped_scenarios()])]
    return render_contract(load_ledger(shipped_ledger()), scenarios)


def render_contract(ledger: Ledger, scenarios: Iterable[Scenario]) -> str:
    """
    The contract in Markdown.
    """
    page = _Page(ledger, shown_by(sorted(scenarios, key=lambda one: one.id)))
    parts = [_HEAD.rstrip(), *_overview(page), *_operations(ledger), *_choices(ledger)]
    for area in _areas(ledger):
        parts += _area(area, page)
    return "\n\n".join([*parts, *_sources(ledger)]) + "\n"


def _areas(ledger: Ledger) -> list[str]:
    """
    In the order of the requirements; `areas` only names them.
    """
    return list(dict.fromkeys(one.area for one in ledger.requirements))


def _overview(page: _Page) -> Iterator[str]:
    yield "## Areas"
    rows = ["| area | what it is about | MUST | SHOULD | not tested yet |", "| --- | --- | --- | --- | --- |"]
    for area in _areas(page.ledger):
        mine = [one for one in page.ledger.requirements if one.area == area]
        levels = [str(sum(one.level == level for one in mine) or "") for level in ("MUST", "SHOULD")]
        untested = str(sum(one.untested is not None for one in mine) or "")
        title, sentence = _title(area, page.ledger)
        rows.append(f"| [{title}](#{_anchor(title)}) | {_prose(sentence)} | {' | '.join([*levels, untested])} |")
    yield "\n".join(rows)
    count, shown = len(page.ledger.requirements), sum(map(len, page.shown.values()))
    yield f"{count} requirements, shown by {shown} scenarios."


def _operations(ledger: Ledger) -> Iterator[str]:
    if ledger.operations:
        yield "## Operations"
        yield (
            "What a server does, whatever its routes are called. A profile maps those that a server has to requests; "
            "`chat`, `list_messages` and `health` are needed, and every other one is a capability by its own name."
        )
        rows = [f"| `{name}` | {_prose(sentence)} |" for name, sentence in ledger.operations.items()]
        yield "\n".join(["| operation | what it does |", "| --- | --- |", *rows])


def _choices(ledger: Ledger) -> Iterator[str]:
    yield "## Capabilities"
    yield "What is optional. A profile lists those that a server has under `capabilities`."
    rows = [f"| `{name}` | {_prose(sentence)} |" for name, sentence in ledger.capabilities.items()]
    yield "\n".join(["| capability | what it means |", "| --- | --- |", *rows])
    yield "## Policies"
    yield "What is left open. A profile declares one value each under `policies`."
    rows = [
        f"| `{name}` | {_prose(choice.sentence)} | {', '.join(f'`{value}`' for value in choice.values)} |"
        for name, choice in ledger.policies.items()
    ]
    yield "\n".join(["| policy | question | values |", "| --- | --- | --- |", *rows])


def _area(area: str, page: _Page) -> Iterator[str]:
    title, sentence = _title(area, page.ledger)
    yield f"## {title}"
    yield _prose(sentence)
    for requirement in page.ledger.requirements:
        if requirement.area == area:
            yield from _requirement(requirement, page)


def _requirement(one: Requirement, page: _Page) -> Iterator[str]:
    yield f"### {one.id}"
    yield f"**{one.level}** {_prose(one.sentence)}"
    if one.note:
        yield f"> {_prose(one.note)}"
    yield "\n".join(_facts(one, page))


def _facts(one: Requirement, page: _Page) -> Iterator[str]:
    if one.capability:
        yield f"* *Only with* `{one.capability}`"
    if one.policy:
        values = page.ledger.policies[one.policy].values if one.policy in page.ledger.policies else []
        yield f"* *Depends on* `{one.policy}`: {', '.join(f'`{value}`' for value in values)}"
    scenarios = page.shown.get(one.id, [])
    if scenarios:
        yield "* *Shown by*"
        yield from (f"  * {_scenario(scenario)}" for scenario in scenarios)
    elif one.untested:
        yield f"* *Not tested yet*: {_prose(one.untested)}"
    if one.defects:
        yield f"* *Broken by* {', '.join(map(_defect, one.defects))}"
    yield f"* *From* {', '.join(one.source)}"


def _scenario(scenario: Scenario) -> str:
    needs = [f"`{need}`" for need in scenario.needs]
    policy = [f"`{name}: {_either(values)}`" for name, values in scenario.policy.items()]
    told = [f"needs {', '.join(needs)}"] if needs else []
    told += [f"where {', '.join(policy)}"] if policy else []
    after = f" ({'; '.join(told)})" if told else ""
    return f"[{scenario.id.partition('/')[2]}](../scenarios/{scenario.id}.yaml): {_prose(scenario.title)}{after}"


def _either(values: str | list[str]) -> str:
    return values if isinstance(values, str) else " or ".join(values)


def _defect(one: SuspectDefect) -> str:
    url = report_url(one.report)
    return f"`{one.id}`" + (f" ([{one.report}]({url}))" if url else "")


def _sources(ledger: Ledger) -> Iterator[str]:
    if ledger.sources:
        yield "## Sources"
        rows = [f"| {name.rstrip('-')} | {_prose(sentence)} |" for name, sentence in ledger.sources.items()]
        yield "\n".join(["| source | what it is |", "| --- | --- |", *rows])
        yield '`threadgauge list --requirements --source "seed 003"` lists what comes from one of them.'


def _title(area: str, ledger: Ledger) -> tuple[str, str]:
    known = ledger.areas.get(area)
    return (known.title, known.sentence) if known else (area.capitalize(), "")


def _anchor(title: str) -> str:
    """
    GitHub's name for a heading.
    """
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _prose(text: str) -> str:
    """
    A sentence of the ledger on one line; what Markdown would take for markup is shown as it is.
    """
    return re.sub(r"([\\*<>|]|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(text.split()))


def write(file: File = FILE) -> None:
    file.write_text(contract_text(), encoding="utf-8")


if __name__ == "__main__":
    write()
