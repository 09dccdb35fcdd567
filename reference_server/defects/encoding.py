"""
Texts that come out other than they went in.
"""

from __future__ import annotations

import codecs
import html
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from reference_server.core.answers import Answer
from reference_server.core.records import NewMessage
from reference_server.core.sse import Events
from reference_server.core.texts import Texts
from reference_server.core.upstream import Upstream


class StoredDiffersFromStreamed(Answer):
    """
    The stored answer is tidied up, the streamed one is not: runs of blanks become one.
    """

    id = "stored-differs-from-streamed"
    group = "streaming-accumulation"
    seam = "answer"
    caught_by = ("encoding/texts-are-exact", "streaming/answer-is-accumulated-whole")

    def message(self) -> NewMessage:
        new = super().message()
        return replace(new, content=" ".join(new.content.split()) if new.content else new.content)


class TrailingWhitespaceTrimmed(Texts):
    """
    Leading and trailing blanks of a question are taken away.
    """

    id = "trailing-whitespace-trimmed"
    group = "storage"
    seam = "texts"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("encoding/texts-are-exact",)

    def question(self, text: str, field: str) -> str:
        return super().question(text, field).strip()


class MarkupEscapedInStore(Texts):
    """
    A question is HTML-escaped before it is stored.
    """

    id = "markup-escaped-in-store"
    group = "storage"
    seam = "texts"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("encoding/texts-are-exact",)

    def question(self, text: str, field: str) -> str:
        return html.escape(super().question(text, field))


class UnicodeNormalised(Texts):
    """
    A question is brought to NFC.
    """

    id = "unicode-normalised"
    seam = "texts"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("encoding/texts-are-exact",)

    def question(self, text: str, field: str) -> str:
        return unicodedata.normalize("NFC", super().question(text, field))


class NewlineNormalised(Texts):
    """
    CRLF becomes LF.
    """

    id = "newline-normalised"
    seam = "texts"
    dialects = ("anita", "guide", "shadflare")
    caught_by = ("encoding/texts-are-exact",)

    def question(self, text: str, field: str) -> str:
        return super().question(text, field).replace("\r\n", "\n")


class EmojiLost(Texts):
    """
    Characters beyond the basic plane become question marks.
    """

    id = "emoji-lost"
    seam = "texts"
    caught_by = ("encoding/texts-are-exact",)

    def answer(self, text: str) -> str:
        return "".join("?" if ord(character) > 0xFFFF else character for character in super().answer(text))


class Utf8SplitReplaced(Events):
    """
    Every read from the model is decoded by itself, so that a character on the border is destroyed.
    """

    id = "utf8-split-replaced"
    seam = "events"
    caught_by = ("encoding/characters-survive-the-network", "upstream/every-legal-framing")

    def decode(self, chunk: bytes) -> str:
        return codecs.decode(chunk, "utf-8", "replace")


class SurrogatePairSplit(Upstream):
    """
    Half of a surrogate pair at a delta's end is given up, though the next delta brings the other half.
    """

    id = "surrogate-pair-split"
    seam = "upstream"
    caught_by = ("encoding/surrogate-pairs-are-joined",)

    def whole_characters(self, text: str) -> tuple[str, str]:
        whole, half = super().whole_characters(text)
        return whole + ("\ufffd" if half else ""), ""


class NulInAnswerLosesTurn(Texts):
    """
    U+0000 in an answer reaches the store, which does not take it; the turn is lost.
    """

    id = "nul-in-answer-loses-turn"
    seam = "texts"
    caught_by = ("encoding/nul-in-the-answer",)

    def answer(self, text: str) -> str:
        if "\0" in text:
            raise ValueError("a string with U+0000 cannot be stored")
        return super().answer(text)


class NulFive00(Texts):
    """
    U+0000 in a question is a crash, not a refusal.
    """

    id = "nul-500"
    seam = "texts"
    caught_by = ("encoding/unstorable-text-is-refused",)

    def storable(self, text: str, field: str) -> None:
        if "\0" in text:
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        super().storable(text, field)


class U2028BreaksUpstreamParser(Events):
    """
    The model's stream is split at every character that Python takes for a line's end.
    """

    id = "u2028-breaks-upstream-parser"
    group = "protocol-framing"
    seam = "events"
    caught_by = ("encoding/texts-are-exact", "upstream/every-legal-framing")

    def lines(self, text: str) -> Iterator[str]:
        for line in super().lines(text):
            yield from line.splitlines() or [""]


class LoneSurrogateKillsStream(Upstream):
    """
    Half of a surrogate pair in an answer cannot be encoded, and the turn dies of it.
    """

    id = "lone-surrogate-kills-stream"
    seam = "upstream"
    caught_by = ("encoding/lone-surrogate-in-the-answer",)

    def whole_characters(self, text: str) -> tuple[str, str]:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return whole.encode().decode(), ""
