"""
Whether what is printed has colours.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

__all__ = ["coloured"]


def coloured(stream: TextIO | None = None) -> bool:
    """
    Colours are for a terminal, and not for who has asked for none (no-color.org). Standard output if not given.
    """
    return (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR")
