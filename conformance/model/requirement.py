"""
A requirement: one normative sentence with an id for ever.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from conformance.model.base import Model

__all__ = ["STANDING", "Area", "Ledger", "Level", "PolicyChoice", "Requirement", "SuspectDefect"]

Level = Literal["MUST", "SHOULD", "MAY"]

STANDING: Final = (
    "recall/prompts-are-well-formed",
    "storage/one-text-everywhere",
    "isolation/nothing-of-another-thread",
)
"""
The requirements that are judged in every scenario.
"""


class SuspectDefect(Model, frozen=True, kw_only=True):
    """
    A known way to break the requirement, with the public report of a server that did.
    """

    id: str
    report: str | None = None


class Requirement(Model, frozen=True, kw_only=True):
    """
    One sentence that a server keeps or breaks.

    `source` says where it comes from: `seed 000`, `C-28`, `WHATWG SSE`, ...; `area` is the first part of the id.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z]+/[a-z0-9-]+$")]
    level: Level
    sentence: Annotated[str, Meta(min_length=10)]
    source: list[str]
    capability: str | None = None
    policy: str | None = None
    note: str | None = None
    defects: list[SuspectDefect] = []
    untested: str | None = None

    @property
    def area(self) -> str:
        return self.id.split("/", 1)[0]


class PolicyChoice(Model, frozen=True, kw_only=True):
    """
    A choice that the contract leaves open, and the values a profile may declare.
    """

    sentence: str
    values: list[str]


class Area(Model, frozen=True, kw_only=True):
    """
    What the requirements of one area have in common; its name is the first part of their ids.
    """

    title: str
    sentence: Annotated[str, Meta(min_length=10)]


class Ledger(Model, frozen=True, kw_only=True):
    """
    `scenarios/requirements.yaml`: the words of the contract. `capabilities` maps each name to what it means; every
    operation name and the witnesses `store` and `upstream` are capabilities too and need no entry.

    `sources` says for the beginning of each `source` what it stands for, `operations` what a server does in each.
    """

    sources: dict[str, str] = {}
    areas: dict[str, Area] = {}
    operations: dict[str, str] = {}
    capabilities: dict[str, str]
    policies: dict[str, PolicyChoice]
    requirements: list[Requirement]
