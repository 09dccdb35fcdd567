"""
The steps `query` and `sql`: what the store holds.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from conformance.engine import effects as fx
from conformance.engine.sending import Recording
from conformance.engine.stage import Stage
from conformance.model.scenario import Step
from conformance.model.transcript import StepRecord, Unseen
from conformance.text import template

__all__ = ["queried"]


def queried(stage: Stage, step: Step, index: str) -> Recording:
    """
    The record of one query.
    """
    native = step.sql is not None
    text = step.sql if step.sql is not None else step.query
    assert text is not None
    sql, parameters = _parameters(stage, text)
    seen = yield (
        fx.Native(sql, parameters) if native else fx.Query(sql, parameters, stage.threads, _canaries(stage, text))
    )
    record = StepRecord(index=index, action="sql" if native else "query", title=" ".join(text.split()))
    if isinstance(seen, Unseen):
        return msgspec.structs.replace(record, unseen=[seen])
    assert isinstance(seen, fx.Rows)
    return msgspec.structs.replace(record, rows=list(seen.rows))


def _canaries(stage: Stage, text: str) -> tuple[str, ...]:
    """
    The tokens that a query names: only for them the whole table is searched, not only this run's threads.
    """
    names = (name for name, _ in template.names(text))
    return tuple(str(stage.lookup(name)) for name in names if name.split(".")[0] == "canary")


def _parameters(stage: Stage, text: str) -> tuple[str, dict[str, Any]]:
    """
    Placeholders become bound parameters, `:p0`, `:p1`, ...: a value never becomes SQL.
    """
    values: dict[str, Any] = {}

    def parameter(found: re.Match[str]) -> str:
        name = f"p{len(values)}"
        values[name] = stage.lookup(found[1])
        return f":{name}"

    return re.sub(r"\$\{([^}]+)\}", parameter, text), values
