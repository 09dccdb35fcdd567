"""
Figures in Prometheus' text format, as one JSON object: the series as it is written -> its value.
"""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["series"]

# A name, labels whose values may hold anything but a bare quote, a number, and perhaps a time or an exemplar.
_SAMPLE: Final = re.compile(r'([a-zA-Z_:][\w:]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?) +([^ ]+)(?: .*)?', re.ASCII)


def series(text: str) -> dict[str, float] | None:
    """
    All samples, or nothing where a line is none. JSON has no infinity and no NaN: such samples are left out.
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        sample = _SAMPLE.fullmatch(line.strip())
        value = _number(sample[2]) if sample is not None else None
        if sample is None or value is None:
            return None
        if math.isfinite(value):
            found[sample[1]] = value
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
