"""
A baseline file to its entries, and back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path as File
from typing import Final

from conformance.errors import DocumentsInvalid, Problem
from conformance.loading.document import Document
from conformance.loading.structs import as_struct
from conformance.loading.yaml_document import parse_document, read_document
from conformance.model.baseline import Baseline, Entry

__all__ = ["load_baseline", "render_baseline"]

HEAD: Final = """\
# Failures that are known. Each needs a reason; `link` and `expires` (the last day) may say more.
# A run fails for an entry that passes, has expired or matches nothing: take it out then.
"""


def load_baseline(path: File) -> list[Entry]:
    """
    The entries of a file, in its order. Raises DocumentsInvalid; an entry that is given twice is refused.
    """
    return _entries(read_document(path))


def render_baseline(entries: Sequence[Entry]) -> str:
    """
    The file that holds these entries; it loads as written.
    """
    # JSON strings are YAML strings: no text of a target can break out of its line.
    lines = [line for entry in entries for line in _lines(entry)]
    text = HEAD + ("known:\n" + "\n".join(lines) if lines else "known: []") + "\n"
    parse_document(text, "baseline")
    return text


def _lines(entry: Entry) -> Iterator[str]:
    yield f"  - fails: {_quoted(entry.fails)}"
    yield f"    reason: {_quoted(entry.reason)}"
    if entry.link is not None:
        yield f"    link: {_quoted(entry.link)}"
    if entry.expires is not None:
        yield f"    expires: {entry.expires.isoformat()}"


def _quoted(text: str) -> str:
    """
    A YAML string in double quotes; what cannot stand in a file is escaped, half a surrogate pair is replaced.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    quoted = json.dumps(whole, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in quoted)


def _entries(document: Document) -> list[Entry]:
    baseline = as_struct(Baseline, document.value, document)
    places = [document.at_key(("known", number), "") for number in range(len(baseline.known))]
    if problems := list(_repeated(baseline, places, document)):
        raise DocumentsInvalid(problems)
    return [
        Entry(fails=one.fails, reason=one.reason, link=one.link, expires=one.expires, place=f"{at.file}:{at.line}")
        for one, at in zip(baseline.known, places, strict=True)
    ]


def _repeated(baseline: Baseline, places: Sequence[Problem], document: Document) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, one in enumerate(baseline.known):
        if one.fails in first:
            text = f"`{one.fails}` is given twice, first in line {first[one.fails]}"
            yield document.at(("known", number, "fails"), text, "keep the one with the better reason")
        first.setdefault(one.fails, places[number].line)
