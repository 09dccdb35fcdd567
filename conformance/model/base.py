"""
What all structs share: frozen, keyword-only, and strict about unknown fields.
"""

from __future__ import annotations

import msgspec

__all__ = ["Model"]


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """
    A value that is read from YAML or JSON, or written to it; a misspelt key is an error, never ignored.
    """
