"""
The tree of a conversation: a question can have several answers, an answer several questions after it.

Each message names the one that it follows. One path through the tree is active: what is shown, recalled and continued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from reference_server.core.answers import Answer
from reference_server.core.cache import touch
from reference_server.core.course import Course
from reference_server.core.errors import Conflict, NotFound
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage
from reference_server.core.store import Store
from reference_server.core.tables import messages, threads
from reference_server.core.usage import Usage

__all__ = ["Branched", "Branches", "Branching"]

NO_MESSAGE: Final = "there is no message with this id"


@dataclass(frozen=True, slots=True)
class Branching:
    """
    Where a turn stands in the tree. `after` is the message that the question follows, if not the last one.

    With `again` there is no new question: the last one, or that of the message `of`, is answered anew. The answer so
    far gives way, unless it is to `keep`.
    """

    after: str | None = None
    again: bool = False
    of: str | None = None
    keep: bool = False


class Branches:
    """
    Puts questions and answers in their places in the tree. Every method is part of a transaction of its caller.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def path(self, stored: Sequence[Message], leaf: str) -> list[Message]:
        """
        A message and all before it, from the first one on.
        """
        known = {one.id: one for one in stored}
        found: list[Message] = []
        following: str | None = leaf
        while following is not None and following in known:
            found.append(known.pop(following))
            following = found[-1].parent_id
        return found[::-1]

    # -- questions

    def placed(
        self, connection: Connection, thread: str, tree: Branching, new: Sequence[NewMessage]
    ) -> list[NewMessage]:
        """
        New messages with the message that they follow. Raises `NotFound`, `Conflict`.
        """
        if tree.after is None:
            last = self.last(connection, thread)
        else:
            stored = self.store.messages_of(connection, thread)
            last = self.parent(stored, tree.after).id
            self.activate(connection, thread, stored, last)
        return [replace(one, parent_id=last) for one in new]

    def last(self, connection: Connection, thread: str) -> str | None:
        """
        The row of the last message on the active path.
        """
        shown = select(messages.c.id).where(messages.c.thread_id == thread, messages.c.active)
        return connection.scalar(shown.order_by(messages.c.seq.desc()).limit(1))

    def parent(self, stored: Sequence[Message], name: str) -> Message:
        found = self.named(stored, name)
        if found.role != "assistant":
            raise Conflict("a question follows an answer")
        return found

    def again(self, connection: Connection, thread: str, tree: Branching) -> list[Message]:
        """
        All messages up to the question that is to be answered again. Raises `NotFound`, `Conflict`.
        """
        stored = self.store.messages_of(connection, thread)
        return self.path(stored, self.question_of(stored, tree).id)

    def question_of(self, stored: Sequence[Message], tree: Branching) -> Message:
        """
        The question to be answered again. Raises `NotFound`, and `Conflict` where nothing was asked yet.
        """
        if tree.of is None:
            asked = [one for one in stored if one.active and one.role == "user"]
            if not asked:
                raise Conflict("there is no question to answer again")
            return asked[-1]
        found = self.named(stored, tree.of)
        return found if found.role == "user" else self.by_row(stored, found.parent_id)

    def answer_of(self, connection: Connection, thread: str, question: str) -> Message | None:
        """
        The active answer of a question.
        """
        stored = self.store.messages_of(connection, thread)
        return next((one for one in stored if one.parent_id == question and one.active), None)

    # -- answers

    def settled(
        self, connection: Connection, thread: str, tree: Branching, question: str, answer: NewMessage
    ) -> NewMessage:
        """
        Make room for an answer: what it replaces is removed, or kept aside.
        """
        if tree.again:
            stored = self.store.messages_of(connection, thread)
            if not tree.keep:
                self.replace(connection, thread, stored, question, tree)
            self.activate(connection, thread, stored, question)
        return replace(answer, parent_id=question)

    def replace(
        self, connection: Connection, thread: str, stored: Sequence[Message], question: str, tree: Branching
    ) -> None:
        """
        Remove the answer that is to be replaced, and what followed it.
        """
        answers = [one for one in stored if one.parent_id == question and one.role == "assistant"]
        named = [one for one in answers if one.public_id == tree.of]
        replaced = named or [one for one in answers if one.active]
        self.remove(connection, thread, [row for one in replaced for row in self.below(stored, one.id)])

    def below(self, stored: Sequence[Message], top: str) -> list[str]:
        """
        A message and all that follow it, however far. Rows stand behind those that they follow.
        """
        found = [top]
        for one in stored:
            if one.parent_id in found:
                found.append(one.id)
        return found

    def remove(self, connection: Connection, thread: str, rows: Sequence[str]) -> None:
        """
        Delete messages, and give their places at the end back.
        """
        touch(connection, thread)
        connection.execute(delete(messages).where(messages.c.id.in_(rows)))
        last = connection.scalar(select(func.max(messages.c.seq)).where(messages.c.thread_id == thread))
        figures = {"message_count": threads.c.message_count - len(rows), "next_seq": 0 if last is None else last + 1}
        connection.execute(update(threads).where(threads.c.id == thread).values(figures))

    def activate(self, connection: Connection, thread: str, stored: Sequence[Message], leaf: str) -> None:
        """
        Make the path to a message the active one.
        """
        shown = [one.id for one in self.path(stored, leaf)]
        active = messages.c.id.in_(shown)
        connection.execute(update(messages).where(messages.c.thread_id == thread).values(active=active))
        touch(connection, thread)

    # -- finding

    def named(self, stored: Sequence[Message], name: str) -> Message:
        found = next((one for one in stored if one.public_id == name), None)
        if found is None:
            raise NotFound(NO_MESSAGE)
        return found

    def by_row(self, stored: Sequence[Message], row: str | None) -> Message:
        found = next((one for one in stored if one.id == row), None)
        if found is None:
            raise NotFound(NO_MESSAGE)
        return found


class Branched(Course):
    """
    A turn in a tree, whose tokens are booked.
    """

    def __init__(
        self, branches: Branches, usage: Usage, thread: str, tree: Branching, who: Principal, model: str
    ) -> None:
        self.branches = branches
        self.usage = usage
        self.thread = thread
        self.tree = tree
        self.who = who
        self.model = model

    def again(self, connection: Connection) -> list[Message] | None:
        if not self.tree.again:
            return None
        return self.branches.again(connection, self.thread, self.tree)

    def placed(self, connection: Connection, new: Sequence[NewMessage]) -> Sequence[NewMessage]:
        return self.branches.placed(connection, self.thread, self.tree, new)

    def answer_to(self, connection: Connection, store: Store, known: Message) -> Message | None:  # noqa: ARG002
        return self.branches.answer_of(connection, self.thread, known.id)

    def ends(self, connection: Connection, answer: Answer) -> NewMessage:
        message = answer.message()
        if answer.follows is None:
            return message
        return self.branches.settled(connection, self.thread, self.tree, answer.follows, message)

    def stored(self, connection: Connection, answer: Message) -> None:
        self.usage.record(connection, self.who, self.model, answer)
