"""
Answers made anew in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select, update

from reference_server.core.branches import Branches, Branching
from reference_server.core.records import Message, NewMessage
from reference_server.core.tables import messages, threads

SHADFLARE = ("shadflare",)


class RegenerateAppends(Branches):
    """
    The new answer stands behind the old one.
    """

    id = "regenerate-appends"
    group = "idempotency-retry"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("retry/answer-made-anew-replaces-the-old", "metadata/message-count")

    def settled(
        self, connection: Connection, thread: str, tree: Branching, question: str, answer: NewMessage
    ) -> NewMessage:
        return super().settled(connection, thread, Branching(), question, answer)


class RegenerateKeepsOldAnswer(Branches):
    """
    The model is sent the answer that it is to replace.
    """

    id = "regenerate-keeps-old-answer"
    group = "recall"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("retry/answer-made-anew-replaces-the-old", "branches/answers-side-by-side")

    def path(self, stored: Sequence[Message], leaf: str) -> list[Message]:
        found = super().path(stored, leaf)
        if self.__dict__.get("settling"):
            return found
        return [*(one for one in stored if one.parent_id == leaf), *found]

    def settled(
        self, connection: Connection, thread: str, tree: Branching, question: str, answer: NewMessage
    ) -> NewMessage:
        self.__dict__["settling"] = True
        try:
            return super().settled(connection, thread, tree, question, answer)
        finally:
            self.__dict__["settling"] = False


class RegenerateDeletesFirst(Branches):
    """
    The old answer is deleted before the model has given a new one.
    """

    id = "regenerate-failure-orphans"
    group = "idempotency-retry"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("retry/failed-regenerate-keeps-the-answer",)

    def again(self, connection: Connection, thread: str, tree: Branching) -> list[Message]:
        found = super().again(connection, thread, tree)
        stored = self.store.messages_of(connection, thread)
        self.replace(connection, thread, stored, found[-1].id, tree)
        return found


class RegenerateWrongThread(Branches):
    """
    What is answered again is the question that was answered last, in whatever thread.
    """

    id = "regenerate-wrong-thread"
    group = "isolation"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("retry/answer-made-anew-replaces-the-old",)

    def again(self, connection: Connection, thread: str, tree: Branching) -> list[Message]:
        # SQLite and PostgreSQL alike: the newest user's row of the owner of this thread
        owner = select(threads.c.owner).where(threads.c.id == thread).scalar_subquery()
        mine = select(messages.c.thread_id).join(threads, threads.c.id == messages.c.thread_id)
        last = mine.where(threads.c.owner == owner, messages.c.role == "user").order_by(messages.c.created_at.desc())
        return super().again(connection, str(connection.scalar(last.limit(1))), Branching(again=True))


class KeptBranchIsShown(Branches):
    """
    The answer that was kept aside stays in the list and in the prompt.
    """

    id = "kept-branch-is-shown"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("branches/answers-side-by-side", "branches/question-from-an-earlier-answer")

    def activate(self, connection: Connection, thread: str, stored: Sequence[Message], leaf: str) -> None:
        """
        Nothing is put aside.
        """


class KeptBranchIsLost(Branches):
    """
    Every other answer to a question replaces those before it.
    """

    id = "kept-branch-is-lost"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("branches/answers-side-by-side",)

    def settled(
        self, connection: Connection, thread: str, tree: Branching, question: str, answer: NewMessage
    ) -> NewMessage:
        everything = Branching(tree.after, tree.again, tree.of)
        return super().settled(connection, thread, everything, question, answer)


class ReplacingTakesAllBranches(Branches):
    """
    With the answer that is replaced go all others to the question.
    """

    id = "replacing-takes-all-branches"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("branches/answers-side-by-side",)

    def replace(
        self, connection: Connection, thread: str, stored: Sequence[Message], question: str, tree: Branching
    ) -> None:
        self.remove(connection, thread, [one.id for one in stored if one.parent_id == question])


class ParentIgnored(Branches):
    """
    A question that follows an earlier answer is put at the end all the same.
    """

    id = "edit-keeps-old-branch"
    group = "recall"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("branches/question-from-an-earlier-answer",)

    def placed(
        self, connection: Connection, thread: str, tree: Branching, new: Sequence[NewMessage]
    ) -> list[NewMessage]:
        return super().placed(connection, thread, Branching(), new)


class ParentOfAnotherThread(Branches):
    """
    The message that a question follows is looked for in all threads.
    """

    id = "parent-of-another-thread"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("branches/question-after-no-answer-of-the-thread",)

    def placed(
        self, connection: Connection, thread: str, tree: Branching, new: Sequence[NewMessage]
    ) -> list[NewMessage]:
        known = messages.c.external_id == tree.after
        other = connection.scalar(select(messages.c.thread_id).where(known, messages.c.thread_id != thread))
        return super().placed(connection, thread, Branching() if other else tree, new)


class CountNotReduced(Branches):
    """
    A replaced answer is still counted.
    """

    id = "replaced-answers-are-counted"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("metadata/message-count",)

    def remove(self, connection: Connection, thread: str, rows: Sequence[str]) -> None:
        before = connection.scalar(select(threads.c.message_count).where(threads.c.id == thread))
        super().remove(connection, thread, rows)
        connection.execute(update(threads).where(threads.c.id == thread).values(message_count=before))


class OnlyLastCanBeAnsweredAnew(Branches):
    """
    Which answer is to be made anew is not looked at: it is the last.
    """

    id = "regenerate-always-the-last"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("retry/answer-made-anew-replaces-the-old",)

    def question_of(self, stored: Sequence[Message], tree: Branching) -> Message:
        return super().question_of(stored, Branching(again=True, keep=tree.keep))


class LaterMessagesStay(Branches):
    """
    What followed the replaced answer stays behind the new one.
    """

    id = "regenerate-leaves-what-followed"
    seam = "branches"
    dialects = SHADFLARE
    caught_by = ("retry/answer-made-anew-replaces-the-old",)

    def settled(
        self, connection: Connection, thread: str, tree: Branching, question: str, answer: NewMessage
    ) -> NewMessage:
        if tree.of is not None:
            named = (messages.c.thread_id == thread) & (messages.c.parent_id == question)
            gone = len(connection.execute(delete(messages).where(named).returning(messages.c.id)).all())
            count = select(func.count()).select_from(messages).where(messages.c.thread_id == thread).scalar_subquery()
            connection.execute(update(threads).where(threads.c.id == thread).values(message_count=count if gone else 0))
            return answer
        return super().settled(connection, thread, tree, question, answer)
