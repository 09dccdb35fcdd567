"""
Where a public bug report is: `dify#9130`, `langgenius/dify#9130` or a URL.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["report_url"]

_ISSUE: Final = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)", re.ASCII)
_URL: Final = re.compile(r"https?://[^\s\"'<>]+", re.ASCII)


def report_url(report: str | None) -> str | None:
    """
    The address of a report that names owner, repository and number, or is one already; else nothing.
    """
    if report is None:
        return None
    if found := _ISSUE.fullmatch(report):
        return f"https://github.com/{found[1]}/issues/{found[2]}"
    return report if _URL.fullmatch(report) else None
