"""
The run folder: results, transcripts and reports on disk. Everything written passes the redactor.

    index.html  results.json  junit.xml  summary.md  run.json  transcripts/PROFILE/NAME.json
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from conformance.errors import UsageError
from conformance.model.base import Model
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.transcript import Transcript
from conformance.text.redaction import Redactor

__all__ = ["RunFile", "read_run", "transcript_path", "write_texts", "write_transcripts"]

LONGEST = 120  # characters of a file name: well under every file system's 255 bytes


class RunFile(Model, frozen=True, kw_only=True):
    """
    What a run must remember to be judged again on another machine: its profiles and the ledger.
    """

    version: str
    seed: int
    started: str
    duration: float
    profiles: list[Profile]
    requirements: list[Requirement]
    targets: list[dict[str, Any]] = []


def transcript_path(profile: str, name: str) -> str:
    """
    Where a transcript lies in the run folder; any name gives a legal and distinct file name.
    """
    safe = quote(name.replace("/", "."), safe="[]=,.", errors="replace")
    if len(safe) > LONGEST:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:12]
        safe = f"{safe[: LONGEST - 13]}-{digest}"
    return f"transcripts/{profile}/{safe}.json"


def write_transcripts(folder: Path, transcripts: Iterable[Transcript], redactor: Redactor) -> None:
    """
    Write each transcript to its place.
    """
    for transcript in transcripts:
        path = folder / transcript_path(transcript.profile, transcript.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(redactor.text(encode(transcript)), encoding="utf-8")


def write_texts(folder: Path, texts: Mapping[str, str], redactor: Redactor) -> None:
    """
    Write the reports, by file name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(redactor.text(text), encoding="utf-8")


def read_run(folder: Path) -> tuple[RunFile, list[Transcript]]:
    """
    A recorded run. Raises `UsageError` where the folder is none, or was written by a version that we cannot read.
    """
    try:
        run = msgspec.json.decode((folder / "run.json").read_bytes(), type=RunFile)
        files: Sequence[Path] = sorted((folder / "transcripts").rglob("*.json"))
        return run, [msgspec.json.decode(path.read_bytes(), type=Transcript) for path in files]
    except FileNotFoundError as missing:
        raise UsageError(f"{folder} is no run folder: {missing.filename} is missing") from None
    except (msgspec.DecodeError, OSError) as wrong:
        raise UsageError(f"{folder} cannot be read: {wrong}") from None


def encode(value: Any) -> str:
    """
    A struct as JSON. What a hostile server sent may hold lone surrogates, which JSON cannot: they become U+FFFD.
    """
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, msgspec.EncodeError):
        return msgspec.json.encode(_clean(msgspec.to_builtins(value))).decode()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value
