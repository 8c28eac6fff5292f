"""Examples of the larger answers, as the interface's description shows them; those of the others stand beside their
fields."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _kept() -> dict[str, Any]:
    text = files("neosort_inference").joinpath("templates", "examples.json").read_text(encoding="utf-8")
    examples: dict[str, Any] = json.loads(text)
    return examples


def answers(name: str, status: int = 200, media_type: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """For a route's ``responses``: what it answers with that status, by way of example."""
    return {status: {"content": {media_type: {"example": _kept()[name]}}}}
