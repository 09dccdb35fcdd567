"""
results.json, and its JSON Schema.
"""

from __future__ import annotations

import json

import msgspec

from conformance.model.results import Results

__all__ = ["parse_results", "render_json", "results_schema"]


def render_json(results: Results) -> str:
    """
    The results as JSON, keys in the order of the model, so that two runs can be compared by eye.
    """
    packed = msgspec.json.encode(results)
    return msgspec.json.format(packed, indent=2).decode() + "\n"


def parse_results(text: str) -> Results:
    return msgspec.json.decode(text, type=Results)


def results_schema() -> str:
    """
    The JSON Schema of results.json; `reports/results.schema.json` is this text.
    """
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "threadgauge results"}
    return json.dumps(schema | msgspec.json.schema(Results), indent=2) + "\n"
