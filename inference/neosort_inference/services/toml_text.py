"""Plain values as TOML, as a recipe holds them: the standard library reads TOML and does not write it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue


def toml_text(values: Mapping[str, JsonValue]) -> str:
    """One line a key, tables inline. Keys without a value (None) are to be left out before."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _text(key)


def _value(value: JsonValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(_value(one) for one in value)}]"
        case dict():
            pairs = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
    raise TypeError(f"TOML has no {value!r}")


def _text(text: str) -> str:
    """JSON's texts are TOML's but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
