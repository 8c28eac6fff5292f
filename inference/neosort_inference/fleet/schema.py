"""The published JSON Schemas of the messages, as they lie in the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from neosort_inference.fleet.messages import TYPES, VERSION
from neosort_inference.fleet.topics import KINDS, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def built(kind: Kind) -> dict[str, Any]:
    """The schema as the message's type gives it; the published file is held to it by a test."""
    head = {"$schema": DIALECT, "$id": f"urn:neosort:fleet:{kind}:{VERSION}"}
    return head | TYPES[kind].model_json_schema(mode="serialization")


def published(kind: Kind) -> str:
    """The schema's text as it was published."""
    return (files("neosort_inference.fleet") / "schemas" / f"{kind}.json").read_text(encoding="utf-8")


def text_of(schema: dict[str, Any]) -> str:
    """As a schema stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def every_schema() -> str:
    """All four in one JSON object, by kind."""
    return text_of({kind: json.loads(published(kind)) for kind in KINDS})
