"""
`threadgauge selftest --quirks`: a suite is worth the odd but correct servers that it lets pass.

Each quirk is played alone in one of its dialects (the next one at each seed), and some drawn combinations. All must be
as green as the healthy server.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import click

from conformance.commands.documents import Documents, load_documents, profiles_named
from conformance.commands.oddities import combinations, known_quirks, quirks_named, spoken
from conformance.commands.targets import Setup, open_targets
from conformance.driver import loop
from conformance.driver.folder import encode
from conformance.driver.http import Limits
from conformance.driver.nursery import Nursery
from conformance.driver.scheduling import Case, cases, play_all
from conformance.engine.judge import judge
from conformance.loading.places import builtin_profiles
from conformance.model.outcome import Outcome
from conformance.model.profile import Profile
from conformance.model.quirk import Quirk, Trial, Trials
from conformance.model.transcript import Transcript
from conformance.reporting.false_alarms import parse_trials, renewed

__all__ = ["CORE", "Wanted", "quirks_command", "trial"]

IN_FLIGHT: Final = 8
PATIENCE: Final = Limits(connect=5.0, answer=20.0)
WRONG: Final = ("failed", "error", "deviation")
DECLARING: Final = ("policies", "without")

CORE: Final = (
    "auth/challenge",
    "auth/foreign-thread-is-*",
    "auth/no-credentials",
    "cache/turns-are-read",
    "concurrency/second-turn-is-rejected",
    "deletion/cleared-thread-is-empty",
    "deletion/deleted-thread-is-gone",
    "deletion/second-delete-is-no-crash",
    "encoding/characters-in-pieces",
    "encoding/what-the-user-says",
    "errors/missing-text",
    "errors/openai-envelope",
    "errors/unknown-ids",
    "errors/unknown-thread-is-missing",
    "errors/upstream-500",
    "errors/upstream-failure-in-the-stream",
    "errors/wrong-methods",
    "isolation/list-shows-one-thread",
    "metadata/activity-moves-on-a-turn",
    "metadata/message-count",
    "metadata/values-keep-their-types",
    "order/oldest-first",
    "pages/*",
    "ratelimit/limit-is-told",
    "recall/first-turn-reaches-the-model",
    "recall/per-call-system-message",
    "recall/prompt-is-in-order",
    "responses/one-id-everywhere",
    "responses/read-back",
    "retry/same-turn-twice",
    "runs/shape",
    "storage/seed-test-1-basic-message-storage",
    "streaming/finish-reason-length",
    "streaming/ids-agree",
    "streaming/readable-at-the-end",
    "streaming/terminal-marker",
    "streaming/three-deltas-are-one-message",
    "streaming/ui-message-stream",
    "streaming/unstreamed-equals-streamed",
    "streaming/usage-chunk",
    "streaming/well-formed",
    "threads/created-twice-is-a-conflict",
    "threads/message-shape",
    "titles/default-title",
    "titles/from-the-first-message",
)
"""
Scenarios that touch everything that a quirk can change: framing, bodies, statuses, ids, times, lists, prompts. The
others repeat these reads with other texts, or at larger sizes.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is asked for: quirks by name (all, if none), in these dialects, and that many combinations of them.
    """

    quirks: Sequence[str] = ()
    dialects: Sequence[str] = ()
    combinations: int = 20
    seed: int = 1
    jobs: int = 2
    everything: bool = False
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """
    One server to be tried.
    """

    quirks: Sequence[Quirk]
    profile: Profile


def quirks_command(wanted: Wanted) -> int:
    """
    Play, print what was judged wrongly; 0 where there is no false alarm.
    """
    began = time.monotonic()
    documents = load_documents([], profiles_named(list(wanted.dialects)))
    alone, combined = _servers(wanted, documents)
    trials = loop.run(_all(documents, [*alone, *combined], wanted))
    found = Trials(
        seed=wanted.seed,
        scenarios="all" if wanted.everything else "some",
        alone=trials[: len(alone)],
        combined=trials[len(alone) :],
    )
    click.echo("\n".join(_lines(trials, time.monotonic() - began)))
    if wanted.output is not None:
        wanted.output.parent.mkdir(parents=True, exist_ok=True)
        before = parse_trials(wanted.output.read_text(encoding="utf-8")) if wanted.output.exists() else None
        wanted.output.write_text(encode(renewed(before, found)) + "\n", encoding="utf-8")
    return 0 if all(one.verdict == "green" for one in trials) else 1


def trial(quirks: Sequence[Quirk], dialect: str, healthy: Mapping[str, Outcome], odd: Mapping[str, Outcome]) -> Trial:
    """
    What the suite makes of a server, compared with the healthy one, by the scenarios' names.
    """
    takes = any(set(quirk.profile.get(dialect, {})) & set(DECLARING) for quirk in quirks)
    alarms = [one for name, one in odd.items() if _is_alarm(one, healthy.get(name), takes)]
    lost = [name for name, one in odd.items() if one.kind == "unsupported" and _kind(healthy.get(name)) == "passed"]
    return Trial(
        quirks=[one.id for one in quirks],
        dialect=dialect,
        verdict="false alarm" if alarms else "green",
        passed=sum(one.kind == "passed" for one in odd.values()),
        undeclared=len(lost) if takes else 0,
        alarms=sorted(f"{one.name}: {one.kind}: {_reason(one)}" for one in alarms),
    )


def _is_alarm(odd: Outcome, healthy: Outcome | None, takes: bool) -> bool:
    if odd.kind == _kind(healthy) or odd.kind == "passed":
        return False
    return odd.kind in (*WRONG, "inconclusive") or not takes


def _kind(outcome: Outcome | None) -> str:
    """
    A scenario that the healthy server's profile does not have at all is as good as unsupported there.
    """
    return outcome.kind if outcome is not None else "unsupported"


def _reason(outcome: Outcome) -> str:
    lines = [line for one in outcome.differences for line in one.lines[:1]]
    return (outcome.reason or " ".join(lines[:1]) or outcome.sentence)[:200]


def _servers(wanted: Wanted, documents: Documents) -> tuple[list[Server], list[Server]]:
    known = [profile.profile for profile in documents.profiles]
    chosen = quirks_of(wanted.quirks)
    speakers = [(quirk, [name for name in known if name in quirk.dialects]) for quirk in chosen]
    alone = [
        _server([quirk], names[(at + wanted.seed) % len(names)], documents)
        for at, (quirk, names) in enumerate(speakers)
        if names
    ]
    drawn = combinations(chosen, known, wanted.combinations, wanted.seed)
    combined = [_server(some, known[at % len(known)], documents) for at, some in enumerate(drawn) if len(some) > 1]
    return alone, combined


def quirks_of(names: Sequence[str]) -> list[Quirk]:
    """
    Those of these names, or all.
    """
    for name in names:
        quirks_named([name])
    return [one for one in known_quirks().values() if not names or one.id in names]


def _server(quirks: Sequence[Quirk], dialect: str, documents: Documents) -> Server:
    profile = next(one for one in documents.profiles if one.profile == dialect)
    return Server(quirks, spoken([profile], quirks)[0])


async def _all(documents: Documents, servers: Sequence[Server], wanted: Wanted) -> list[Trial]:
    """
    The healthy server first, once in each dialect; then all others, at most `jobs` at a time.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadgauge-")))
        free: asyncio.Queue[Nursery] = asyncio.Queue()
        for number in range(wanted.jobs):
            free.put_nowait(await stack.enter_async_context(Nursery(folder / f"nursery-{number}.log")))

        async def outcomes(server: Server) -> dict[str, Outcome]:
            nursery = await free.get()
            try:
                return await _played(documents, server, nursery, wanted.everything)
            finally:
                free.put_nowait(nursery)

        names = {server.profile.profile for server in servers}
        profiles = [profile for profile in documents.profiles if profile.profile in names]
        played = await asyncio.gather(*(outcomes(Server((), profile)) for profile in profiles))
        healthy = {profile.profile: found for profile, found in zip(profiles, played, strict=True)}

        async def tried(server: Server) -> Trial:
            dialect = server.profile.profile
            found = trial(server.quirks, dialect, healthy[dialect], await outcomes(server))
            click.echo(f"{found.verdict:<12} {dialect:<14} {' '.join(found.quirks)}", err=True)
            return found

        return list(await asyncio.gather(*(tried(server) for server in servers)))


async def _played(documents: Documents, server: Server, nursery: Nursery, everything: bool) -> dict[str, Outcome]:
    names = [quirk.id for quirk in server.quirks]
    setup = Setup(profiles=[server.profile], quirks=names, limits=PATIENCE, serve=nursery.server)
    outcomes: dict[str, Outcome] = {}

    def judged(case: Case, transcript: Transcript) -> Outcome:
        return judge(transcript, case.target.profile, documents.requirements)

    def done(case: Case, transcript: Transcript) -> bool:
        outcomes[case.name] = judged(case, transcript)
        return False

    async with open_targets(setup) as targets:
        every = [case for target in targets for case in cases(documents.scenarios, target, seed=1, tidy=False)]
        chosen = [case for case in every if everything or _is_core(case)]
        await play_all(chosen, IN_FLIGHT, done, doubtful=lambda case, seen: judged(case, seen).by_chance)
    return outcomes


def _is_core(case: Case) -> bool:
    return any(fnmatch(case.scenario.id, pattern) for pattern in CORE)


def _lines(trials: Sequence[Trial], seconds: float) -> Iterator[str]:
    for one in trials:
        if one.alarms:
            yield f"false alarm: {one.dialect} with {', '.join(one.quirks)}"
            yield from (f"  {alarm}" for alarm in one.alarms)
    green = sum(one.verdict == "green" for one in trials)
    dialects = ", ".join(name for name in builtin_profiles() if any(one.dialect == name for one in trials))
    yield f"{green} of {len(trials)} odd servers are green ({dialects}; {seconds:.0f} s)"
