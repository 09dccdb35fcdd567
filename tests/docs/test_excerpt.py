"""
The failure that the README shows is, word for word, what a forgetful server gets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands.likely import judged
from conformance.engine import effects as fx
from conformance.engine.effects import Effect, Observation
from conformance.engine.play import play
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger, shipped_scenarios
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import read_scenario
from conformance.model.transcript import Exchange, Message, SentRequest, StreamEnd, Transcript, UpstreamCall
from conformance.reporting.failure import failure_lines
from conformance.text.digest import text_of
from conformance.upstream.answers import plain_answer

ROOT = Path(__file__).parents[2]
SCENARIO = "recall/first-turn-reaches-the-model"


class Forgetful:
    """
    A server that stores and lists what was said, and sends its model nothing but the last message.
    """

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def observe(self, effect: Effect) -> Observation:
        if isinstance(effect, fx.Calls):
            return [UpstreamCall(at=0, messages=[Message(role="user", text=text_of(self.said[-2][1]))])]
        if isinstance(effect, fx.Query):
            return fx.Rows(tuple({"role": role, "text": text} for role, text in self.said))
        assert isinstance(effect, fx.Send)
        return self._chat(effect) if effect.turn else self._list(effect)

    def _chat(self, send: fx.Send) -> Exchange:
        assert send.turn is not None
        answer = plain_answer([send.turn.say], 1)
        self.said += [("user", send.turn.say), ("assistant", answer)]
        return _exchange(send, text=text_of(answer), end=StreamEnd())

    def _list(self, send: fx.Send) -> Exchange:
        return _exchange(send, value=[{"id": "", "role": role, "content": text} for role, text in self.said])


def _exchange(send: fx.Send, **more: object) -> Exchange:
    sent = SentRequest(method=send.request.method, url=send.request.path)
    return Exchange(operation=send.operation, request=sent, started=0, ended_at=0, ended="clean", status=200, **more)  # type: ignore[arg-type]


def _played() -> Transcript:
    server = Forgetful()
    scenario = read_scenario(shipped_scenarios() / f"{SCENARIO}.yaml").scenario
    witnesses = frozenset({"store", "upstream"})
    playing = play(scenario, load_profile("anita"), witnesses=witnesses, seed=7, target="http://127.0.0.1:8080")
    effect = next(playing)
    while True:
        try:
            effect = playing.send(server.observe(effect))
        except StopIteration as done:
            transcript: Transcript = done.value
            return transcript


@pytest.mark.parametrize("page", ["README.md", "docs/read-a-report.md"])
def test_the_failure_shown_is_the_one_that_a_forgetful_server_gets(page: str) -> None:
    requirements = {one.id: one for one in load_ledger(shipped_ledger()).requirements}
    shown = "\n".join(failure_lines(judged(_played(), load_profile("anita"), requirements)))

    assert f"```\n{shown}\n```" in (ROOT / page).read_text(encoding="utf-8")
