"""
Where the templates are: inside the wheel, or at the top of a clone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["template", "templates_folder"]


def templates_folder() -> Path:
    package = Path(__file__).parents[1]
    shipped = package / "_shipped" / "reports"
    return shipped if shipped.is_dir() else package.parent / "reports"


@cache
def template(name: str) -> str:
    return (templates_folder() / name).read_text(encoding="utf-8")
