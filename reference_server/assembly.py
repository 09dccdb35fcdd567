"""
The server is put together here, from one class per seam. A defect or a quirk replaces one of them by a subclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reference_server.core.agents import Agents
from reference_server.core.answers import Answer
from reference_server.core.assistants import Assistants
from reference_server.core.branches import Branches
from reference_server.core.cache import Cache
from reference_server.core.database import Database
from reference_server.core.export import Export
from reference_server.core.history import History
from reference_server.core.items import Items
from reference_server.core.limits import Limits
from reference_server.core.locks import Locks
from reference_server.core.people import Access, People, Principal
from reference_server.core.placeholder import Placeholder
from reference_server.core.responding import Responding
from reference_server.core.run_states import RunStates
from reference_server.core.run_store import RunStore
from reference_server.core.runs import Runs
from reference_server.core.search import Search
from reference_server.core.shelf import Shelf
from reference_server.core.sse import Events
from reference_server.core.store import Store
from reference_server.core.texts import Texts
from reference_server.core.threads import Threads
from reference_server.core.titles import Titles
from reference_server.core.turns import LEASE, Turns
from reference_server.core.upstream import Model, Upstream
from reference_server.core.usage import Usage
from reference_server.core.watch import Watch
from reference_server.dialects.aistreams import DataStream, UiStream
from reference_server.dialects.anita import AnitaWire
from reference_server.dialects.assistants import AssistantsWire
from reference_server.dialects.assistants.events import RunStream
from reference_server.dialects.assistants.lists import Lists
from reference_server.dialects.completions import CompletionsWire
from reference_server.dialects.conversations import ConversationsWire
from reference_server.dialects.guide import GuideWire
from reference_server.dialects.operating import Health
from reference_server.dialects.paths import RawPaths
from reference_server.dialects.shadflare import ShadflareWire

__all__ = ["Parts", "Server", "Settings", "assemble"]


@dataclass(frozen=True, slots=True)
class Parts:
    """
    The class of each seam.
    """

    store: type[Store] = Store
    history: type[History] = History
    turns: type[Turns] = Turns
    threads: type[Threads] = Threads
    answer: type[Answer] = Answer
    titles: type[Titles] = Titles
    texts: type[Texts] = Texts
    locks: type[Locks] = Locks
    upstream: type[Upstream] = Upstream
    events: type[Events] = Events
    people: type[People] = People
    access: type[Access] = Access
    limits: type[Limits] = Limits
    watch: type[Watch] = Watch
    cache: type[Cache] = Cache
    health: type[Health] = Health
    agents: type[Agents] = Agents
    branches: type[Branches] = Branches
    export: type[Export] = Export
    search: type[Search] = Search
    shelf: type[Shelf] = Shelf
    usage: type[Usage] = Usage
    data_stream: type[DataStream] = DataStream
    ui_stream: type[UiStream] = UiStream
    assistant_rows: type[Assistants] = Assistants
    run_store: type[RunStore] = RunStore
    run_states: type[RunStates] = RunStates
    runs: type[Runs] = Runs
    assistant_lists: type[Lists] = Lists
    run_stream: type[RunStream] = RunStream
    items: type[Items] = Items
    responding: type[Responding] = Responding
    anita: type[AnitaWire] = AnitaWire
    guide: type[GuideWire] = GuideWire
    completions: type[CompletionsWire] = CompletionsWire
    shadflare: type[ShadflareWire] = ShadflareWire
    assistants: type[AssistantsWire] = AssistantsWire
    conversations: type[ConversationsWire] = ConversationsWire
    raw_paths: type[RawPaths] = RawPaths

    def with_replaced(self, changes: Sequence[type[Any]]) -> Parts:
        """
        The same parts with these subclasses in the place of what they derive from.
        """
        parts = self
        for change in changes:
            seam: str = change.seam
            parts = replace(parts, **{seam: combined(change, getattr(parts, seam))})
        return parts


@dataclass(frozen=True, slots=True)
class Server:
    """
    A server that is ready to speak a dialect. `parts` has the dialects' classes.
    """

    parts: Parts
    database: Database
    threads: Threads
    turns: Turns
    texts: Texts
    titles: Titles
    people: People
    access: Access
    watch: Watch
    model: Model


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What a server is told from outside: its model, its callers, its cache, and for how many seconds a turn holds its
    thread when its process gives no sign of life.
    """

    upstream_url: str | None = None
    upstream_key: str | None = None
    principals: Mapping[str, Principal] | None = None
    cache_url: str | None = None
    lease: float = LEASE


def assemble(parts: Parts, database: Database, settings: Settings) -> Server:
    """
    Put the parts together.
    """
    store, texts, titles, access, watch = parts.store(), parts.texts(), parts.titles(), parts.access(), parts.watch()
    database.cache = parts.cache(settings.cache_url)
    model = _model(parts, settings.upstream_url, settings.upstream_key)
    turns = parts.turns(
        database, store, parts.history(), model, titles, texts, parts.locks(), access, parts.limits(), watch
    )
    turns.answers, turns.lease = parts.answer, settings.lease
    threads = parts.threads(database, store, titles, access)
    people = parts.people(settings.principals)
    return Server(parts, database, threads, turns, texts, titles, people, access, watch, model)


def combined(change: type[Any], before: type[Any]) -> type[Any]:
    """
    The change over what is there already: two changes of one seam both count.
    """
    if before in change.__mro__:
        return change
    return type(change.__name__, (change, before), {})


def _model(parts: Parts, url: str | None, key: str | None) -> Model:
    if url is None:
        return Placeholder()
    upstream = parts.upstream(url, key)
    upstream.events = parts.events
    return upstream
