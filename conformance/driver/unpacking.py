"""
Content codings undone. We ask for none, and some servers and proxies compress all the same (RFC 9110, 12.5.3).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

__all__ = ["CodingBroken", "Unpacker", "unpacker"]

_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class CodingBroken(Exception):
    """
    A body that cannot be unpacked, or ends before its coding does.
    """


class Unpacker:
    """
    One body, piece by piece: each piece is given as soon as its bytes allow it. `coding` is a value of
    `Content-Encoding`; what it does not know it leaves as it is.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._window = _WINDOWS.get(coding.strip().lower())
        self._member = self._new()
        self._seen = False

    def feed(self, data: bytes) -> bytes:
        """
        Raises `CodingBroken`.
        """
        return data if self._window is None else b"".join(self._unpacked(data))

    def close(self) -> None:
        """
        Raises `CodingBroken` where the body ends in the middle.
        """
        if self._window is not None and self._seen and not self._member.eof:
            raise CodingBroken(f"the body ends within its {self._coding} coding")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while data:
            # A gzip file may have several members (RFC 1952, 2.2).
            if self._member.eof:
                self._member = self._new()
            self._seen = True
            try:
                yield self._member.decompress(data)
            except zlib.error as error:
                raise CodingBroken(f"the body is no {self._coding}: {error}") from None
            data = self._member.unused_data

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(wbits=self._window or 15)


def unpacker(coding: str | None) -> Unpacker:
    """
    For the value of a header that may be missing.
    """
    return Unpacker(coding or "identity")
