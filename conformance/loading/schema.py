"""
JSON Schemas (2020-12) of the kinds of file, for editors: made from the model, so they cannot say otherwise.

`python -m conformance.loading.schema` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any, Final

import msgspec

from conformance.loading.lint.actions import ACTIONS
from conformance.loading.places import ROOT
from conformance.model.base import Model
from conformance.model.baseline import Baseline
from conformance.model.profile import Profile
from conformance.model.requirement import Ledger
from conformance.model.scenario import Scenario

__all__ = ["FOLDER", "KINDS", "schema_of", "schema_texts", "write_schemas"]

FOLDER: Final = ROOT / "fixtures" / "schemas" / "editor"

KINDS: Final[dict[str, type[Model]]] = {
    "scenario": Scenario,
    "profile": Profile,
    "requirements": Ledger,
    "baseline": Baseline,
}


def schema_of(kind: type[Model]) -> dict[str, Any]:
    """
    The JSON Schema of a kind of file.
    """
    schema = msgspec.json.schema(kind)
    definitions = schema["$defs"]
    if kind is Scenario:
        definitions["Step"]["oneOf"] = [{"required": [action]} for action in ACTIONS]
    if kind is Profile:
        _child_may_be_brief(definitions["Profile"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.__name__, **schema}


def schema_texts() -> dict[str, str]:
    """
    What each file holds, by the file's name.
    """
    texts = {name: json.dumps(schema_of(kind), indent=2, ensure_ascii=False) for name, kind in KINDS.items()}
    return {f"{name}.schema.json": f"{text}\n" for name, text in texts.items()}


def write_schemas(folder: File) -> list[File]:
    """
    Write all schemas into a folder; returns the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / name: text for name, text in schema_texts().items()}
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    return list(files)


def _child_may_be_brief(profile: dict[str, Any]) -> None:
    """
    What a profile extends may bring what is required.
    """
    required = [name for name in profile["required"] if name != "profile"]
    profile["required"] = ["profile"]
    profile["anyOf"] = [{"required": required}, {"required": ["extends"]}]


if __name__ == "__main__":
    write_schemas(FOLDER)
