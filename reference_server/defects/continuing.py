"""
What goes on after something: an answer made again, a call with its result, a turn that is joined once more, a thread
whose caller wants no memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import Connection, delete

from reference_server.core.answers import Answer
from reference_server.core.branches import Branches, Branching
from reference_server.core.records import Message, NewMessage
from reference_server.core.running import Opening, Question
from reference_server.core.tables import messages
from reference_server.core.turns import Turns

FOR_EVER = 3600


class RecallSwitchDisablesSave(Turns):
    """
    A turn whose caller wants nothing recalled is not saved either.
    """

    id = "recall-switch-disables-save"
    group = "storage"
    seam = "turns"
    dialects = ("assistants",)
    caught_by = ("storage/turn-is-stored",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        stored = super().store_answer(connection, question, answer)
        if question.window == 1:
            connection.execute(delete(messages).where(messages.c.id.in_([stored.id, answer.follows])))
        return stored


class ContinueReverts(Branches):
    """
    What the model says when it is asked for more of an answer is shown, and the text that was there stays stored.
    """

    id = "continue-reverts"
    group = "streaming-accumulation"
    seam = "branches"
    dialects = ("shadflare",)
    caught_by = ("retry/answer-made-anew-replaces-the-old",)

    def settled(
        self, connection: Connection, thread: str, tree: Branching, question: str, answer: NewMessage
    ) -> NewMessage:
        before = self.answer_of(connection, thread, question) if tree.again else None
        settled = super().settled(connection, thread, tree, question, answer)
        return settled if before is None else replace(settled, content=before.content)


class ToolContinuationNewMessage(Turns):
    """
    After the result of a call, what the model said beside the call is stored once more, as a message of its own.
    """

    id = "tool-continuation-new-message"
    group = "idempotency-retry"
    seam = "turns"
    dialects = ("completions", "assistants")
    caught_by = ("tools/answer-after-a-result",)

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        before = self.store.messages_of(connection, question.thread)[-3:]
        said = [one.content for one in before if one.tool_calls and one.content]
        if said and any(one.role == "tool" for one in before):
            self.store.append(connection, question.thread, [NewMessage("assistant", said[-1])])
        return super().store_answer(connection, question, answer)


class RejoinFinishedHangs(Turns):
    """
    Who comes back to a turn that is over waits for its end, which has been.
    """

    id = "rejoin-finished-hangs"
    group = "runs"
    seam = "turns"
    dialects = ("anita",)
    caught_by = ("retry/same-turn-twice",)

    async def opened(self, question: Question) -> Opening:
        opening = await super().opened(question)
        if opening.replay is not None:
            await asyncio.sleep(FOR_EVER)
        return opening
