"""
Ids that the server makes: a prefix that says what it is, and letters and digits that say nothing.
"""

from __future__ import annotations

import secrets
import string
from typing import Final

__all__ = ["new_id"]

ALPHABET: Final = string.ascii_letters + string.digits
LENGTH: Final = 24  # 142 bits: more than a UUID's


def new_id(prefix: str) -> str:
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"
