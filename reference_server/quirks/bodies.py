"""
JSON that means the same and looks different, and bodies that are packed.
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

from starlette.datastructures import MutableHeaders

from reference_server.quirks.edge import JSON, Outgoing
from reference_server.quirks.trees import changed, without_nulls


class Document(Outgoing):
    """
    A body of JSON that is written anew.
    """

    def applies(self) -> bool:
        return self.kind == JSON and not self.streamed

    def document(self, body: bytes) -> bytes:
        return self.written(self.value(json.loads(body))) if body else body

    def value(self, value: Any) -> Any:
        return value

    def written(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Indented(Document):
    """
    JSON is indented by four blanks, with CRLF at each line's end and blank lines around it.
    """

    id = "json-indented"
    seam = "outgoing"
    order = 2
    group = "json"
    source = "RFC 8259, 2: white space is allowed before or after any structural character"

    def written(self, value: Any) -> bytes:
        text = json.dumps(value, ensure_ascii=False, indent=4).replace("\n", "\r\n")
        return f"\r\n\t{text}\r\n\r\n".encode()


class Escaped(Document):
    """
    All of JSON beyond ASCII is escaped, and the slash too.
    """

    id = "json-escaped"
    seam = "outgoing"
    order = 2
    group = "json"
    source = "RFC 8259, 7: any character may be escaped"

    def written(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


class KeysTurnedRound(Document):
    """
    The keys of JSON objects come in the reverse order.
    """

    id = "json-keys-turned-round"
    seam = "outgoing"
    source = "RFC 8259, 4: an object is an unordered collection"

    def value(self, value: Any) -> Any:
        return changed(value, lambda one: dict(reversed(one.items())))


class ExtraKeys(Document):
    """
    Every JSON object has keys that nobody asked for.
    """

    id = "json-extra-keys"
    seam = "outgoing"
    source = "OpenAI, API reference, backward compatibility: new properties may be added to response objects"

    def value(self, value: Any) -> Any:
        return changed(value, self.more, inside=lambda key: key not in ("metadata", "arguments", "parameters"))

    def more(self, one: dict[str, Any]) -> dict[str, Any]:
        return {"_links": {"self": {"href": "/x"}}, **one, "__v": 0, "x_extra": None}


class NoNulls(Document):
    """
    What is null is left out, but in errors, whose keys are promised.
    """

    id = "json-without-nulls"
    seam = "outgoing"
    dialects = ("anita", "guide", "completions", "shadflare")  # the schemas of the others require their nullable keys
    source = "RFC 7396, 1: a null and a missing member may stand for the same"

    def applies(self) -> bool:
        return super().applies() and self.status < 400

    def value(self, value: Any) -> Any:
        return without_nulls(value)


class NoLength(Outgoing):
    """
    A document comes in chunks of seven bytes, without a length.
    """

    id = "documents-in-chunks"
    seam = "outgoing"
    source = "RFC 9112, 7.1: chunked transfers content of unknown length; a character may span chunks"

    def head(self, headers: MutableHeaders) -> None:
        del headers["content-length"]


class Gzip(Outgoing):
    """
    Every body is compressed by gzip, streams piece by piece.
    """

    id = "gzip"
    seam = "outgoing"
    order = 8
    group = "coding"
    source = "RFC 9110, 8.4.1.3 and 12.5.3: a server that has no acceptable coding may still send another"
    coding = "gzip"
    bits = 31

    def applies(self) -> bool:
        return self.status not in (204, 304)

    def head(self, headers: MutableHeaders) -> None:
        self.packer = zlib.compressobj(wbits=self.bits)
        headers["content-encoding"] = self.coding
        headers["vary"] = "Accept-Encoding"

    def document(self, body: bytes) -> bytes:
        return self.packer.compress(body) + self.packer.flush()

    def piece(self, data: bytes) -> list[bytes]:
        return [self.packer.compress(data) + self.packer.flush(zlib.Z_SYNC_FLUSH)]

    def last(self) -> list[bytes]:
        return [self.packer.flush()]


class Deflate(Gzip):
    """
    Every body is compressed by deflate, in zlib's format.
    """

    id = "deflate"
    source = "RFC 9110, 8.4.1.2: the deflate coding is a zlib data format"
    coding = "deflate"
    bits = 15


class GzipMembers(Gzip):
    """
    Every piece of a body is a gzip member of its own.
    """

    id = "gzip-members"
    source = "RFC 1952, 2.2: a gzip file consists of a series of members"

    def document(self, body: bytes) -> bytes:
        half = len(body) // 2
        return gzip.compress(body[:half]) + gzip.compress(body[half:])

    def piece(self, data: bytes) -> list[bytes]:
        return [gzip.compress(data)]

    def last(self) -> list[bytes]:
        return []
