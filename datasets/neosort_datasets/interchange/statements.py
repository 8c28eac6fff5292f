"""What a data set says of itself beside its annotations: licence and origin, in the files Roboflow puts there."""

from __future__ import annotations

import re

from neosort_datasets.interchange.claims import InterchangeError
from neosort_datasets.interchange.markup import parse_yaml
from neosort_datasets.interchange.source_folder import SourceFolder

_READMES = ("README.roboflow.txt", "README.dataset.txt")
_LIMIT_BYTES = 1 << 20


def stated_licence(folder: SourceFolder) -> str:
    """The licence that README or data.yaml names, or empty."""
    return _in_readme(folder, r"^License:\s*(.+)$") or _in_settings(folder, "license")


def stated_origin(folder: SourceFolder) -> str:
    """The address that README or data.yaml names, or the folder's name."""
    address = _in_readme(folder, r"^(https?://\S+)\s*$") or _in_settings(folder, "url")
    return address or folder.root.name


def _in_readme(folder: SourceFolder, pattern: str) -> str:
    for path in (folder.root / name for name in _READMES):
        if path in folder.files:
            text = folder.read(path, _LIMIT_BYTES).decode("utf-8", errors="replace")
            if found := re.search(pattern, text, re.MULTILINE | re.IGNORECASE):
                return found[1].strip()
    return ""


def _in_settings(folder: SourceFolder, key: str) -> str:
    path = folder.root / "data.yaml"
    if path not in folder.files:
        return ""
    try:
        content = parse_yaml(folder.read(path, _LIMIT_BYTES), path.name)
    except InterchangeError:
        return ""  # the reader of the format says what is wrong with it
    stated = content.get("roboflow") if isinstance(content, dict) else None
    return str(stated.get(key, "")).strip() if isinstance(stated, dict) else ""
