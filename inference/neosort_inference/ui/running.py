"""What the line was started with, as its pages are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from neosort_inference.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the line was started with. ``bundle``: its file, None: the one that is shipped."""

    bundle: Path | None = None
    recipe: Recipe = field(default_factory=Recipe)
