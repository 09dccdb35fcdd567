"""
The harness in a process of its own: `python -m benchmarks.harness URL FLOWS IN_FLIGHT [LENGTH]` prints what it cost.

The real driver, engine and judge; every transcript and outcome is kept, as a run keeps them.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from conformance.driver.desk import Target
from conformance.driver.http import Wire
from conformance.driver.loop import run
from conformance.driver.scheduling import Case, play_all
from conformance.engine.judge import judge
from conformance.loading.profiles import load_profile
from conformance.model.outcome import Outcome
from conformance.model.scenario import Scenario
from conformance.model.transcript import Transcript

__all__: list[str] = []

FLOW: dict[str, Any] = {
    "id": "benchmark/flow",
    "title": "A streamed answer, and the list that holds it",
    "steps": [
        {"chat": {"thread": "t", "say": "Hello, ${canary}"}, "as": "turn"},
        {
            "list_messages": {"thread": "t"},
            "expect": {
                "messages": [
                    {"role": "user", "text": "Hello, ${canary}"},
                    {"role": "assistant", "text": "${turn.text}"},
                ]
            },
        },
    ],
}


def main() -> None:
    url, flows, in_flight, *length = sys.argv[1:]
    scenario = msgspec.convert(_huge(int(length[0])) if length else FLOW, Scenario)
    kept: list[tuple[Transcript, Outcome]] = []
    wall, cpu = run(_play(url, scenario, int(flows), int(in_flight), kept))
    if wrong := [outcome for _, outcome in kept if outcome.kind != "passed"]:
        raise SystemExit(f"{len(wrong)} of {len(kept)} did not pass: {wrong[0]}")
    # Kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    sys.stdout.write(msgspec.json.encode({"wall": wall, "cpu": cpu, "peak": peak}).decode())


def _huge(length: int) -> dict[str, Any]:
    step = {"chat": {"thread": "t", "say": "Write, ${canary}"}, "expect": {"text": {"length": length}}}
    return {"id": "benchmark/huge", "title": "A huge answer", "steps": [step]}


async def _play(
    url: str, scenario: Scenario, flows: int, in_flight: int, kept: list[tuple[Transcript, Outcome]]
) -> tuple[float, float]:
    """
    Seconds of wall and of our own CPU. Imports and loading are not in it.
    """
    profile = load_profile(Path(__file__).with_name("lean.yaml"))

    def done(case: Case, transcript: Transcript) -> bool:
        kept.append((transcript, judge(transcript, case.target.profile, {})))
        return False

    async with Wire(url) as wire:
        target = Target(profile, wire)
        # A seed of its own, because the server still has the threads of the process before.
        cases = [Case(scenario, {"flow": number}, target, seed=os.getpid()) for number in range(flows)]
        began, used = time.perf_counter(), time.process_time()
        await play_all(cases, in_flight, done)
        return time.perf_counter() - began, time.process_time() - used


if __name__ == "__main__":
    main()
