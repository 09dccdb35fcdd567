"""
The run folder: results, transcripts and reports on disk. Everything written passes the redactor.

    index.html  results.json  junit.xml  summary.md  session.md  badge.json  metrics.txt  run.json
    transcripts/PROFILE/NAME.json
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from conformance.errors import UsageError
from conformance.model.base import Model
from conformance.model.baseline import Entry
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.transcript import Transcript
from conformance.text.redaction import Redactor

__all__ = [
    "Asked",
    "RunFile",
    "claim",
    "encode",
    "encoded",
    "read_run",
    "transcript_path",
    "write_texts",
    "write_transcripts",
]

T = TypeVar("T")

LONGEST = 120  # characters of a file name: well under every file system's 255 bytes


class Asked(Model, frozen=True, kw_only=True):
    """
    What makes a verdict of the outcomes, so that judging again asks the same: `baseline` as it was after the run,
    `unplayed` what was beyond `--max-turns`, `own` the scenarios that there were and that do not come with threadgauge.
    """

    strict: bool = False
    require_conclusive: bool = False
    baseline: list[Entry] = []
    unplayed: list[str] = []
    own: list[str] = []


class RunFile(Model, frozen=True, kw_only=True):
    """
    What a run must remember to be judged again on another machine: its profiles and the ledger.

    `scenarios` are hashes of what their files say, by id. A run of an earlier version does not say what it `asked`.
    """

    version: str
    seed: int
    started: str
    duration: float
    profiles: list[Profile]
    requirements: list[Requirement]
    targets: list[dict[str, Any]] = []
    scenarios: dict[str, str] = {}
    asked: Asked | None = None


def transcript_path(profile: str, name: str) -> str:
    """
    Where a transcript lies in the run folder; any name gives a legal and distinct file name.
    """
    safe = quote(name.replace("/", "."), safe="[]=,.", errors="replace")
    if len(safe) > LONGEST:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:12]
        safe = f"{safe[: LONGEST - 13]}-{digest}"
    return f"transcripts/{profile}/{safe}.json"


def claim(folder: Path) -> None:
    """
    See that a run can be written there, before anything is played. Raises `UsageError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as refused:
        raise UsageError(f"cannot write to {folder} ({refused.strerror}): choose another --output.") from None
    if not writable:
        raise UsageError(f"cannot write to {folder} (Permission denied): choose another --output.")


def write_transcripts(folder: Path, transcripts: Iterable[Transcript]) -> None:
    """
    Write each transcript, cleaned of secrets before, to its place; those of an earlier run in that folder go.
    """
    if (folder / "run.json").is_file():
        for old in (folder / "transcripts").glob("*/*.json"):
            old.unlink()
    for transcript in transcripts:
        path = folder / transcript_path(transcript.profile, transcript.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(transcript))


def write_texts(folder: Path, texts: Mapping[str, str], redactor: Redactor) -> None:
    """
    Write the reports, by file name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(redactor.text(text), encoding="utf-8", errors="backslashreplace")


def read_run(folder: Path) -> tuple[RunFile, list[Transcript]]:
    """
    A recorded run. Raises `UsageError` where the folder is none, or was written by a version that we cannot read.
    """
    try:
        run = _decode((folder / "run.json").read_bytes(), RunFile)
        files: Sequence[Path] = sorted((folder / "transcripts").rglob("*.json"))
        return run, [_decode(path.read_bytes(), Transcript) for path in files]
    except FileNotFoundError as missing:
        raise UsageError(f"{folder} is no run folder: {missing.filename} is missing") from None
    except (msgspec.MsgspecError, ValueError, OSError) as wrong:
        raise UsageError(f"{folder} cannot be read ({wrong}): was it written by another version?") from None


def encode(value: Any) -> str:
    """
    A struct as JSON. What a hostile server sent may hold lone surrogates: they are written as escapes.
    """
    return encoded(value).decode()


def encoded(value: Any) -> bytes:
    """
    The same in UTF-8.
    """
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, msgspec.EncodeError):
        # msgspec writes UTF-8 only, which has no surrogates; in ASCII they are `\\ud83d`.
        return json.dumps(msgspec.to_builtins(value)).encode()


def _decode(text: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(text), type_)
