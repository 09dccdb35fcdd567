"""
Where the scenarios, the requirements and the profiles that come with threadgauge are.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["PROFILES", "ROOT", "builtin_profiles", "shipped_ledger", "shipped_names", "shipped_scenarios"]

# Not importlib.resources: these are folders that we walk, so they must be real ones, and it takes 8 ms to import.
ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "conformance" / "profiles"


def shipped_scenarios() -> Path:
    """
    The folder of the shipped scenarios: inside the package when installed, beside it in a clone.
    """
    installed = ROOT / "conformance" / "_shipped" / "scenarios"
    return installed if installed.is_dir() else ROOT / "scenarios"


def shipped_names() -> list[str]:
    """
    The ids of the shipped scenarios, by the places of their files.
    """
    folder = shipped_scenarios()
    files = (path for path in folder.rglob("*.yaml") if path != shipped_ledger())
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in files)


def shipped_ledger() -> Path:
    """
    The requirements that the shipped scenarios show.
    """
    return shipped_scenarios() / "requirements.yaml"


def builtin_profiles() -> dict[str, Path]:
    """
    The profiles that need only be named, by name.
    """
    return {path.stem: path for path in sorted(PROFILES.glob("*.yaml"))}
