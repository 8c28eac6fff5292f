"""The interface's description: every call shows what it takes and gives by an example that the description allows."""

from __future__ import annotations

from contextlib import suppress

import jsonschema
import pytest

from neosort_inference.api.app import create_app
from neosort_inference.api.feed import ViewFeed

pytestmark = pytest.mark.computes


def test_every_call_is_shown_by_an_example_that_its_description_allows():
    described = create_app(ViewFeed()).openapi()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for what, shown in _shown_of(operation):
                examples = _examples(described, shown)
                assert examples, f"{method} {path}: {what} has no example"
                for example in examples:
                    jsonschema.validate(example, shown.get("schema", {}) | {"components": described["components"]})


def _shown_of(operation):
    """Everything of a call that takes or gives something to read."""
    yield from ((one["name"], one) for one in operation.get("parameters", ()))
    yield from (("body", one) for one in operation.get("requestBody", {}).get("content", {}).values())
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from ((status, one) for media, one in answer.get("content", {}).items() if "json" in media)


def _examples(described, shown):
    """Its own, or the one that its schema comes to."""
    if "example" in shown:
        return [shown["example"]]
    with suppress(LookupError):
        return [_example_of(described, shown["schema"])]
    return []


def _example_of(described, schema):
    """Put together from what stands beside the fields. Raises `LookupError` where nothing does."""
    if shown := next((schema[one] for one in ("examples", "enum") if one in schema), None):
        return shown[0]
    if "$ref" in schema:
        return _example_of(described, described["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return _example_of(described, next(one for one in schema["anyOf"] if one.get("type") != "null"))
    if "properties" in schema:
        return {name: _example_of(described, one) for name, one in schema["properties"].items()}
    if "items" in schema:
        return [_example_of(described, schema["items"])]
    return schema["default"] if "default" in schema else schema["const"]
