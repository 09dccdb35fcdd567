"""
A profile by its name or its file, with what it extends.
"""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

from conformance.errors import DocumentsInvalid, UsageError
from conformance.loading.document import Document, Layers
from conformance.loading.lint.profiles import lint_profile
from conformance.loading.loaded import LoadedProfile
from conformance.loading.places import builtin_profiles
from conformance.loading.structs import as_struct
from conformance.loading.wording import listed
from conformance.loading.yaml_document import parse_document, read_document
from conformance.model.profile import Profile
from conformance.text.suggest import did_you_mean

__all__ = ["load_profile", "parse_profile", "read_profile"]


def load_profile(name_or_path: str | File) -> Profile:
    """
    A built-in profile by name, or the one in a file. Raises DocumentsInvalid, UsageError for an unknown name.
    """
    return read_profile(name_or_path).profile


def parse_profile(source: str, file: str) -> Profile:
    """
    The one in a text that extends nothing; `file` is only shown. Raises DocumentsInvalid.
    """
    return _merged([parse_document(source, file)]).profile


def read_profile(name_or_path: str | File) -> LoadedProfile:
    """
    The same with its places. `extends` is merged key by key, the child's values win, lists are replaced whole.
    """
    return _merged(_layers(_file(str(name_or_path))))


def _merged(layers: list[Document]) -> LoadedProfile:
    positions = Layers(layers)
    value: dict[str, Any] = {}
    for document in reversed(layers):
        value = merged(value, document.value)
    loaded = LoadedProfile(as_struct(Profile, value, positions), positions)
    if problems := list(lint_profile(loaded)):
        raise DocumentsInvalid(problems)
    return loaded


def merged(parent: Any, child: Any) -> Any:
    """
    The child's value, with the parent's keys where both are mappings.
    """
    if not isinstance(parent, dict) or not isinstance(child, dict):
        return child
    return {**parent, **{key: merged(parent.get(key), value) for key, value in child.items()}}


def _file(name_or_path: str) -> File:
    known = builtin_profiles()
    if name_or_path in known:
        return known[name_or_path]
    path = File(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    near = did_you_mean(name_or_path, known)
    guess = f" Did you mean {near}?" if near else ""
    raise UsageError(f"there is no profile {name_or_path!r}.{guess} Known: {', '.join(known)}, or the path of a file.")


def _layers(file: File) -> list[Document]:
    """
    The documents from the child to the eldest.
    """
    layers = [read_document(file)]
    while (parent := layers[-1].value.get("extends")) is not None:
        path = _parent(layers[-1], parent)
        if any(File(layer.file).resolve() == path.resolve() for layer in layers):
            raise DocumentsInvalid([layers[-1].at(("extends",), f"`{parent}` extends this profile in turn")])
        layers.append(read_document(path))
    return layers


def _parent(child: Document, parent: Any) -> File:
    known = builtin_profiles()
    if isinstance(parent, str) and parent in known:
        return known[parent]
    beside = File(child.file).parent / str(parent)
    if beside.is_file():
        return beside
    near = did_you_mean(str(parent), known)
    hint = f"did you mean `{near}`?" if near else f"known: {listed(known)}, or a file beside this one"
    raise DocumentsInvalid([child.at(("extends",), f"there is no profile `{parent}`", hint)])
