"""
The first difference of two texts, for humans.
"""

from dataclasses import dataclass

from conformance.model.text import BLOCK, EDGE, Text
from conformance.text.digest import blocks_of, text_of
from conformance.text.excerpt import excerpt
from conformance.text.hints import common_prefix, hint
from conformance.text.limits import LIMITS, named


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """
    Where two texts part: a code point offset, exact or that of a block of 65536. `expected` and `actual` are excerpts
    in quotes with escapes; `hint` says what it looks like.
    """

    offset: int
    exact: bool
    expected: str
    actual: str
    expected_length: int
    actual_length: int
    hint: str | None = None


def first_difference(expected: Text | str, actual: Text | str) -> Divergence | None:
    """
    None when the texts are equal. Exact where both texts were kept whole, or differ in their first 2048 code points.
    """
    wanted, seen = _text(expected), _text(actual)
    if wanted == seen:
        return None
    offset, exact = _offset(wanted, seen)
    return Divergence(
        offset=offset,
        exact=exact,
        expected=_excerpt(wanted, offset),
        actual=_excerpt(seen, offset),
        expected_length=wanted.length,
        actual_length=seen.length,
        hint=_hint(wanted, seen, offset),
    )


def same_text(expected: Text | str, actual: Text | str) -> bool:
    """
    Whether two texts are equal; much cheaper than their first difference.
    """
    return _text(expected) == _text(actual)


def describe(divergence: Divergence) -> str:
    """
    Two lines for a terminal.
    """
    place = f"at code point {divergence.offset}"
    if not divergence.exact:
        place = f"between code points {divergence.offset} and {divergence.offset + BLOCK}"
    lengths = f"{divergence.expected_length} code points expected, {divergence.actual_length} came"
    looks = f"; looks like: {divergence.hint}" if divergence.hint else ""
    return f"first difference {place} ({lengths}){looks}\nexpected {divergence.expected}, actual {divergence.actual}"


def _text(text: Text | str) -> Text:
    return text_of(text) if isinstance(text, str) else text


def _offset(one: Text, other: Text) -> tuple[int, bool]:
    """
    The offset of the first difference, and whether it is exact.
    """
    if one.whole is not None and other.whole is not None:
        return _whole_offset(one.whole, other.whole), True
    heads = _head(one), _head(other)
    if heads[0] != heads[1]:
        return common_prefix(*heads), True
    blocks = zip(_blocks(one), _blocks(other), strict=False)
    return next((index * BLOCK for index, (a, b) in enumerate(blocks) if a != b), min(one.length, other.length)), False


def _whole_offset(one: str, other: str) -> int:
    # Equal as shown, and not equal: they differ in lone surrogates, which are shown as U+FFFD.
    return max(one.find("\ufffd"), 0) if one == other else common_prefix(one, other)


def _head(text: Text) -> str:
    return text.head if text.whole is None else text.whole[:EDGE]


def _blocks(text: Text) -> tuple[str, ...]:
    return text.blocks if text.whole is None else blocks_of(text.whole)


def _excerpt(text: Text, offset: int) -> str:
    if text.whole is not None:
        return excerpt(text.whole, offset)
    if offset < EDGE:
        return excerpt(text.head, offset)
    from_tail = offset - (text.length - len(text.tail))
    return excerpt(text.tail, from_tail) if from_tail >= 0 else "(not kept)"


def _hint(expected: Text, actual: Text, offset: int) -> str | None:
    if expected.whole is None or actual.whole is None:
        return _hint_from_lengths(expected, actual, offset)
    said = None if expected.whole == actual.whole else hint(expected.whole, actual.whole)
    if said is None and expected.surrogates != actual.surrogates:
        return f"{actual.surrogates} lone surrogates, {expected.surrogates} expected"
    return said


def _hint_from_lengths(expected: Text, actual: Text, offset: int) -> str | None:
    if actual.length == 2 * expected.length:
        return "doubled"
    if actual.length > expected.length or offset < actual.length - BLOCK:
        return None
    limit = f" at a known limit ({named(actual.length, 'code points')})" if actual.length in LIMITS else ""
    return f"truncated{limit}" if actual.length < expected.length else None
