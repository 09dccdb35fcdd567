"""
`threadgauge compare`: recorded runs side by side.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from conformance.commands.colours import coloured
from conformance.commands.recorded import read_results
from conformance.errors import UsageError
from conformance.model.comparison import Comparison
from conformance.reporting.comparison import compare_runs
from conformance.reporting.comparison_text import render_comparison, render_comparison_markdown

__all__ = ["compare_command"]


def compare_command(
    folders: Sequence[Path],
    html: Path | None,
    markdown: Path | None,
    as_json: bool,
    strict: bool,
    worse_by: float | None,
) -> int:
    """
    Compare, print, write what is asked for; returns the exit code.
    """
    if len(folders) < 2:
        raise UsageError("give two runs or more, the oldest first: threadgauge compare OLD NEW")
    results = [read_results(folder) for folder in folders]
    labelled = list(zip(_labels(folders), results, strict=True))
    comparison = compare_runs(labelled, strict=strict, worse_by=worse_by / 100 if worse_by is not None else None)
    _write(comparison, html, markdown)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode())
    else:
        click.echo(render_comparison(comparison, colour=coloured()), nl=False)
    return comparison.exit_code


def _labels(folders: Sequence[Path]) -> list[str]:
    """
    The folders' own names; where those of two are the same, as much of their paths as tells them apart.
    """
    parts = [Path(os.path.abspath(folder)).parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        labels = ["/".join(one[-length:]) for one in parts]
        if len(set(labels)) == len(set(parts)):
            break
    return labels


def _write(comparison: Comparison, html: Path | None, markdown: Path | None) -> None:
    if html is not None:
        from conformance.reporting.comparison_page import render_comparison_page

        html.write_text(render_comparison_page(comparison), encoding="utf-8", errors="backslashreplace")
    if markdown is not None:
        text = render_comparison_markdown(comparison)
        markdown.write_text(text, encoding="utf-8", errors="backslashreplace")
