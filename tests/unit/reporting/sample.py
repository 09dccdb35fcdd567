"""
A run with everything in it: outcomes of every kind, two dialects, a failure seen by four witnesses, gates.
"""

import json

import msgspec

from conformance.model.outcome import Difference, Figure, Outcome
from conformance.model.requirement import Requirement, SuspectDefect
from conformance.model.results import Results, TargetSeen
from conformance.model.scenario import Scenario
from conformance.model.text import Text
from conformance.model.transcript import (
    Arrival,
    Exchange,
    GateMark,
    Message,
    SentRequest,
    StepRecord,
    StreamEnd,
    Transcript,
    Unseen,
    UpstreamCall,
)
from conformance.reporting.summary import summarise
from conformance.text.digest import text_of

CANARY = "k7-violet-42"
RECALL = "recall/first-turn-reaches-the-model"
AGAIN = f"threadgauge run URL --profile anita --select {RECALL} --seed 7"
URL = "http://127.0.0.1:8000"


def outcome(**changes) -> Outcome:
    """
    A passed scenario, changed as asked.
    """
    usual = {
        "kind": "passed",
        "scenario": "storage/turn-is-stored",
        "name": "storage/turn-is-stored",
        "title": "A finished turn is stored as the user's message and the assistant's answer",
        "profile": "anita",
        "requirement": "storage/turn-is-stored",
        "level": "MUST",
        "sentence": "The store holds the user's message and the assistant's answer, in this order.",
        "area": "storage",
        "steps": {"1": 'chat "Hello! What is 2+2?"', "2": "list_messages t"},
        "duration": 0.041,
        "again": "threadgauge run URL --profile anita --select storage/turn-is-stored --seed 7",
    }
    return Outcome(**(usual | changes))


def failure(**changes) -> Outcome:
    """
    The example of style.md.
    """
    told = Difference(
        check="prompt",
        step="2",
        at="messages",
        witness="upstream",
        lines=[
            "prompt (sent to the model) has 1 message, expected 3",
            f'  missing  user       "My name is {CANARY}"',
            f'  missing  assistant  "Nice to meet you, {CANARY}."',
        ],
        expected=3,
        actual=1,
    )
    usual = {
        "kind": "failed",
        "scenario": RECALL,
        "name": RECALL,
        "title": "the second prompt carries the whole first turn",
        "requirement": RECALL,
        "sentence": "Every prompt carries the thread's earlier turns, whole and in order.",
        "area": "recall",
        "differences": [told],
        "also": "both are in the store (store) and in the list (api), so the history is kept but not sent.",
        "suspects": [SuspectDefect(id="no-history-sent", report="langgenius/dify#9130")],
        "steps": {"1": f'chat "My name is {CANARY}"', "2": 'chat "What is my name?"'},
        "duration": 0.212,
        "transcript": "anita/recall-first-turn",
        "again": AGAIN,
    }
    return outcome(**(usual | changes))


def exchange(said: str, answer: str, start: float = 0.0, *, arrivals: int = 24, held: bool = False) -> Exchange:
    body = json.dumps({"prompt": {"role": "user", "content": said}, "threadId": "t-1f0c"})
    times = [start + 0.012 + 0.004 * place + (0.03 if held and place > 18 else 0) for place in range(arrivals)]
    return Exchange(
        operation="chat",
        request=SentRequest(
            method="POST",
            url=f"{URL}/chat",
            headers={"Content-Type": "application/json", "Authorization": "Bearer [redacted]"},
            body=text_of(body),
        ),
        started=start,
        ended_at=times[-1] + 0.003,
        ended="clean",
        status=200,
        headers={"content-type": "text/plain; charset=utf-8", "transfer-encoding": "chunked", "server": "uvicorn"},
        headers_at=start + 0.009,
        first_text_at=times[0],
        arrivals=[Arrival(at=at, size=12) for at in times],
        arrival_count=arrivals,
        delta_count=arrivals,
        body=text_of(answer),
        body_bytes=len(answer.encode()),
        text=text_of(answer),
        end=StreamEnd(terminal="end of body", finish="stop"),
        gates=[GateMark(gate="last-token", held_at=times[18], released_at=times[19], by="text")] if held else [],
    )


def listed(start: float) -> Exchange:
    return Exchange(
        operation="list_messages",
        request=SentRequest(method="GET", url=f"{URL}/threads/t-1f0c/messages"),
        started=start,
        ended_at=start + 0.004,
        ended="clean",
        status=200,
        headers={"content-type": "application/json"},
        body=text_of('[{"id": "m1", ...}]'),
        body_bytes=412,
    )


def message(role: str, text: str | Text) -> Message:
    return Message(role=role, text=text if isinstance(text, Text) else text_of(text))


def forgetful(answer: str = f"Nice to meet you, {CANARY}.", stored: str | None = None) -> Transcript:
    """
    Two turns of a server that keeps the history and does not send it; `stored` is what its rows hold of the first.
    """
    first, second = f"My name is {CANARY}", "What is my name?"
    told = [message("user", first), message("assistant", answer), message("user", second), message("assistant", "?")]
    rows = [{"role": one.role, "text": one.text.whole} for one in told]
    rows[1]["text"] = stored if stored is not None else answer
    scenario = {
        "id": RECALL,
        "title": "the second prompt carries the whole first turn",
        "steps": [
            {"chat": {"thread": "t", "say": "My name is ${canary}"}, "as": "first"},
            {"chat": {"thread": "t", "say": second}},
        ],
    }
    return Transcript(
        scenario=msgspec.convert(scenario, Scenario),
        profile="anita",
        target=URL,
        seed=7,
        started="2026-11-21T05:00:00Z",
        duration=0.212,
        bindings={"canary": CANARY, "t": "t-1f0c"},
        records=[
            StepRecord(
                index="1",
                action="chat",
                title=f'chat "{first}"',
                exchanges=[exchange(first, answer, 0.0, held=True)],
                calls=[UpstreamCall(at=0.005, stream=True, messages=told[:1], outcome="answered")],
            ),
            StepRecord(
                index="2",
                action="chat",
                title=f'chat "{second}"',
                exchanges=[exchange(second, "?", 0.15, arrivals=2)],
                calls=[UpstreamCall(at=0.155, stream=True, messages=told[2:3], outcome="answered")],
            ),
            StepRecord(
                index="after", action="list_messages", title="list_messages t", exchanges=[listed(0.2)], messages=told
            ),
            StepRecord(index="after", action="query", title="rows of t", rows=rows),
        ],
    )


def plain(name: str) -> Transcript:
    """
    A short scenario that passed.
    """
    scenario = {"id": name, "title": name, "steps": [{"chat": {"thread": "t", "say": "Hello! What is 2+2?"}}]}
    record = StepRecord(
        index="1",
        action="chat",
        title='chat "Hello! What is 2+2?"',
        exchanges=[exchange("Hello! What is 2+2?", "You said: Hello! What is 2+2?")],
        calls=[UpstreamCall(at=0.005, stream=True, messages=[message("user", "Hello! What is 2+2?")])],
    )
    return Transcript(
        scenario=msgspec.convert(scenario, Scenario),
        profile="anita",
        target=URL,
        seed=7,
        started="2026-11-21T05:00:00Z",
        bindings={"t": "t-1f0c"},
        records=[record],
    )


def every_kind() -> list[Outcome]:
    late = Difference(
        check="stream",
        step="1",
        at="stream.arrivals",
        witness="wire",
        lines=["stream came in 1 arrival, expected >= 20: the whole answer in one burst after 412 ms"],
    )
    hidden = Unseen(witness="store", reason="no database was given (--store)")
    return [
        failure(),
        failure(
            profile="completions",
            transcript="completions/recall",
            again=AGAIN.replace("anita", "completions"),
            differences=[*failure().differences, *_answer_differs()],
        ),
        failure(
            name="recall/window[count=17]",
            scenario="recall/window",
            requirement="recall/window-keeps-the-newest",
            title="17 earlier turns are all in the prompt",
            transcript=None,
            suspects=[SuspectDefect(id="window-too-short"), SuspectDefect(id="order-by-text", report="a/b#1")],
        ),
        outcome(kind="deviation", level="SHOULD", **_named("streaming/answer-comes-progressively"), differences=[late]),
        outcome(kind="inconclusive", **_named("storage/rows-in-order"), reason=hidden.reason, unseen=[hidden]),
        outcome(kind="inconclusive", **_named("storage/no-orphans"), reason=hidden.reason, unseen=[hidden]),
        outcome(
            kind="unsupported",
            level="MAY",
            **_named("search/finds-a-word"),
            reason="the profile anita does not declare the capability `search`",
        ),
        outcome(kind="error", **_named("errors/upstream-refuses"), reason="the target closed its port in step 2"),
        outcome(transcript="plain"),
        outcome(profile="completions", transcript="plain"),
        outcome(**_named("isolation/threads-do-not-mix"), transcript="plain", duration=1.4),
    ]


def requirements() -> list[Requirement]:
    of = {one.requirement: one for one in every_kind()}
    made = [
        Requirement(id=one.requirement, level=one.level, sentence=one.sentence, source=["C-28"]) for one in of.values()
    ]
    return [
        *made,
        Requirement(id="limits/rates", level="SHOULD", sentence="Too many are refused.", source=["seed 004"]),
    ]


def transcripts() -> dict[str, Transcript]:
    return {
        "anita/recall-first-turn": forgetful(),
        "completions/recall": forgetful(stored=f"Nice to meet you, {CANARY[:6]}"),
        "plain": plain("storage/turn-is-stored"),
    }


def results(outcomes: list[Outcome] | None = None, **changes) -> Results:
    usual = {
        "tool": "threadgauge 0.1.0",
        "started": "2026-11-21T05:00:00Z",
        "duration": 12.34,
        "seed": 7,
        "targets": [
            TargetSeen(
                profile="anita", url=URL, title="FastAPI backend", witnesses=["wire", "api", "store", "upstream"]
            ),
            TargetSeen(
                profile="completions", url=f"{URL}/v1", title="Chat completions", witnesses=["wire", "upstream"]
            ),
        ],
        "requirements": requirements(),
        "notes": ["2 threads of this run could not be deleted: t-1f0c, t-77aa"],
    }
    return summarise(every_kind() if outcomes is None else outcomes, **(usual | changes))


def many(count: int) -> list[Outcome]:
    """
    Passed outcomes over eight areas and two dialects, for measuring.
    """
    areas = ["storage", "recall", "isolation", "streaming", "errors", "ids", "lifecycle", "paging"]
    return [
        outcome(
            **_named(f"{areas[place % 8]}/scenario-{place}"),
            profile=("anita", "completions")[place % 2],
            transcript="plain",
        )
        for place in range(count)
    ]


def measured() -> list[Outcome]:
    """
    Outcomes with figures: of every kind, one of them the worst of several, one that missed.
    """
    several = [round(0.08 + 0.004 * place, 3) for place in range(100)]
    figures = {
        "performance/first-token": Figure(name="first_text", value=0.0072, unit="s", target="< 1s", held=True),
        "performance/hundred-streams": Figure(
            name="first_text", value=several[-1], unit="s", target="< 4s", held=True, of=100, every=several
        ),
        "performance/token-throughput": Figure(name="rate", value=167.7, unit="per second", target=">= 10", held=True),
        "performance/stored-after-the-stream": Figure(name="lag", value=0.031, unit="s", target="< 100ms", held=True),
        "performance/list-and-get": Figure(name="took", value=0.18, unit="s", target="< 50ms", held=False),
    }
    late = ["the exchange took 180 ms, expected < 50ms"]
    missed = Difference(check="timing", step="2", at="timing.took", witness="wire", lines=late)
    return [
        outcome(**_named(name), figures=[one], level="SHOULD")
        if one.held
        else outcome(**_named(name), figures=[one], level="SHOULD", kind="deviation", differences=[missed])
        for name, one in figures.items()
    ]


def _named(name: str) -> dict[str, str]:
    title = name.split("/")[1].replace("-", " ").capitalize()
    return {"scenario": name, "name": name, "requirement": name, "area": name.split("/")[0], "title": title}


def _answer_differs() -> list[Difference]:
    line = f'answer text lacks "{CANARY}"'
    return [Difference(check="text", step="2", at="text", witness="wire", lines=[line], expected=CANARY, actual="?")]
