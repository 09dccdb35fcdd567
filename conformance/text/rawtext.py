"""
A body that is the answer's text and nothing else (`stream: raw-text`), and one that is a single document (`json`).

A raw text stream has no terminal marker and no in-band error: a cleanly closed but truncated one looks finished.
"""

import codecs

from conformance.text.deltas import Delta, Ending, Problems


class RawText:
    """
    Strict UTF-8, decoded as it arrives. Invalid bytes become U+FFFD in the text and a problem with their offset.
    """

    def __init__(self) -> None:
        self._problems = Problems()
        self._held = b""  # the first bytes of a code point that the chunk's edge cut, at most 3
        self._offset = 0  # of the first held byte
        self._chunks = 0
        self._valid = True

    def feed(self, chunk: bytes) -> list[Delta]:
        deltas = self._decode(self._held + chunk, final=False)
        self._chunks += 1
        return deltas

    def close(self) -> list[Delta]:
        self._chunks = max(self._chunks - 1, 0)
        return self._decode(self._held, final=True)

    @property
    def ending(self) -> Ending:
        return Ending(problems=self._problems.all())

    def _decode(self, waiting: bytes, *, final: bool) -> list[Delta]:
        try:
            text, used = codecs.utf_8_decode(waiting, "strict", final)
        except UnicodeDecodeError as wrong:
            self._note(self._offset + wrong.start)
            text, used = codecs.utf_8_decode(waiting, "replace", final)
        delta = Delta(text, self._chunks, self._offset)
        self._held = waiting[used:]
        self._offset += used
        return [delta] if text else []

    def _note(self, offset: int) -> None:
        # Only the first: how many there are after it depends on where chunks were cut, and a verdict must not.
        if self._valid:
            self._problems.add(f"invalid UTF-8 at byte {offset}")
        self._valid = False


class Document:
    """
    A body that is read as a whole: no deltas. Its text is found later, by the profile's path.
    """

    ending = Ending()

    def feed(self, chunk: bytes) -> list[Delta]:
        del chunk  # its reader has the body anyway; a second copy is not kept
        return []

    def close(self) -> list[Delta]:
        return []
