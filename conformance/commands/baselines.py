"""
`--baseline` and `--write-baseline`.
"""

from __future__ import annotations

from pathlib import Path

from conformance.driver.folder import claim
from conformance.loading.baseline import load_baseline, render_baseline
from conformance.model.baseline import STALE, Entry
from conformance.model.results import Results

__all__ = ["opened_baseline", "write_baseline"]


def opened_baseline(known: Path | None, written: Path | None) -> list[Entry]:
    """
    The entries of the baseline that is given, else of the one that will be written and is there already. Raises
    `DocumentsInvalid`, and `UsageError` where nothing can be written, before anything is played.
    """
    if written is not None:
        claim(written.parent)
    if known is None and written is not None and written.exists():
        known = written
    return load_baseline(known) if known is not None else []


def write_baseline(results: Results, file: Path) -> str:
    """
    Write what is known after this run; returns a sentence that says so. Texts in the results hold no secrets.
    """
    kept = [entry for entry in results.baseline if entry.state not in STALE]
    file.write_text(render_baseline(kept), encoding="utf-8")
    new = sum(entry.place == "recorded" for entry in kept)
    advice = ": give each a reason" if new else ""
    failures = "1 failure" if len(kept) == 1 else f"{len(kept)} failures"
    return f"baseline: {file} knows {failures}, {new} of them new{advice}"
