"""
Values that are typed, on a command line or at a prompt.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from conformance.errors import UsageError
from conformance.reporting.visible import inline

__all__ = ["value_of"]


def value_of(text: str) -> Any:
    """
    A value as YAML has it; what JSON has no word for, such as a day, is the text that it is.
    """
    try:
        value = yaml.safe_load(text)
        json.dumps(value)
    except (yaml.YAMLError, RecursionError):
        raise UsageError(f"{inline(text)!r} is no value: a text that YAML reads otherwise stands in quotes.") from None
    except (TypeError, ValueError):
        return text
    return value
