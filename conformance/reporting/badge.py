"""
The verdict as a badge: the JSON that shields.io's endpoint reads.
"""

from __future__ import annotations

import json
from typing import Final

from conformance.model.results import Results
from conformance.reporting.summary import JUDGED, UNCLEAR

__all__ = ["render_badge"]

SCHEMA_VERSION: Final = 1


def render_badge(results: Results) -> str:
    """
    Label, message and colour. Red where it does not conform, yellow where only what is known or a SHOULD does not hold.
    """
    message, color = _told(results)
    badge = {"schemaVersion": SCHEMA_VERSION, "label": "threadgauge", "message": message, "color": color}
    return json.dumps(badge | ({"isError": True} if results.exit_code == UNCLEAR else {})) + "\n"


def _told(results: Results) -> tuple[str, str]:
    counts = results.counts
    judged = sum(counts.get(kind, 0) for kind in JUDGED)
    if results.exit_code == UNCLEAR:
        return "could not tell", "lightgrey"
    if not results.conforms:
        failed = counts.get("failed", 0)
        return (f"{failed} of {judged} failed" if failed else "does not conform"), "red"
    known = counts.get("known failure", 0) + counts.get("deviation", 0)
    passed = counts.get("passed", 0)
    return f"conforms, {passed} of {judged} passed", "yellow" if known else "brightgreen"
