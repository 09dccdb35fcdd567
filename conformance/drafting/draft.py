"""
A draft while it grows, and what its maker is told.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.drafting.matching import Place
from conformance.drafting.openapi import Api, Endpoint
from conformance.engine.effects import Calls, Pause, Send
from conformance.model.profile import Auth
from conformance.model.transcript import Exchange, UpstreamCall

__all__ = ["Asking", "Draft", "Failure", "Given", "Question", "Sight", "Wanted"]


@dataclass(frozen=True, slots=True)
class Given:
    """
    What is known beforehand: a name for the profile, values of fields that cannot be guessed, what the server promises
    (`policies`), who asks and how (`declared`: somebody said so), a word that no other run says, where the upstream
    witness listens, how many turns may be asked for, and how a text is rid of secrets (`clean`).
    """

    name: str
    token: str
    values: Mapping[str, Any] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    auth: Auth | None = None
    declared: bool = False
    principals: tuple[str, ...] = ()
    upstream: str | None = None
    turns: int = 100
    clean: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Question:
    """
    A value that only the server's owner knows; `why` says what for. It is answered by a text. With `choices`, it is one
    of them, or nothing where that is not known: then the draft goes on without it.
    """

    name: str
    why: str
    choices: tuple[str, ...] = ()


Wanted = Send | Question | Pause | Calls
Asking = Generator[Wanted, Any, Any]


@dataclass(slots=True)
class Draft:
    """
    What was found: the keys of a profile, by operation what is to be said about it, and how many turns it took.
    """

    name: str
    title: str
    ids: dict[str, Any] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    makes: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[int]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    capabilities: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    settle: str | None = None
    auth: Auth | None = None
    principals: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    turns: int = 0
    mapped: set[str] = field(default_factory=set)

    def note(self, about: str, told: str) -> None:
        """
        Say it once, beside what it is about.
        """
        if told not in self.notes.setdefault(about, []):
            self.notes[about].append(told)

    def keep(self, name: str, endpoint: Endpoint, operation: Mapping[str, Any]) -> None:
        """
        An operation that was found, without what says nothing.
        """
        self.operations[name] = {key: value for key, value in operation.items() if value not in (None, {}, [], [200])}
        self.mapped.add(str(endpoint))


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A turn that the server took and failed at: what was asked, in which thread and how that one was named, `told` in
    words, and whether the upstream witness was called by it.
    """

    endpoint: Endpoint
    template: Mapping[str, Any]
    naming: str
    thread: str | None
    said: str
    exchange: Exchange
    told: str
    called: bool = False


@dataclass(slots=True)
class Sight:
    """
    Where the drafting stands: the thread it speaks in, what it said and what came back (a text, or a `document` that
    has it somewhere), what is known to fill requests with, and which threads there may be now. `calls` are what the
    turn sent to the model, where a witness saw it; `failure` is the first turn that the server failed at, of so many
    `failures`.
    """

    api: Api
    given: Given
    draft: Draft
    place: Place | None
    known: dict[str, Any] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    said: str = ""
    answer: str | None = None
    document: Any = None
    listed_at: Endpoint | None = None
    made: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    calls: list[UpstreamCall] | None = None
    failure: Failure | None = None
    failures: int = 0

    @property
    def spent(self) -> bool:
        """
        Whether no further turn may be asked for.
        """
        return len(self.made) >= self.given.turns
