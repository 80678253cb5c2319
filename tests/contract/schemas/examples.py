"""Messages made from a JSON Schema: as little as it allows, and all it knows."""

from __future__ import annotations

from typing import Any


MOMENT = "2150-03-01T12:00:00Z"
_BY_TYPE = {"integer": 1, "number": 2.5, "boolean": True, "null": None}
_BY_FORMAT = {"date-time": MOMENT, "date": "2150-03-01", "base64": "AAEC"}


def example(schema: dict[str, Any], *, full: bool) -> Any:
    """One value that keeps to the schema; with `full`, every field and every kind."""
    return _made(schema, schema.get("$defs", {}), full=full, name="")


def variants(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The schema itself, or each message that it may be."""
    if "oneOf" not in schema:
        return [(schema["title"], schema)]
    names = [part["$ref"].rpartition("/")[2] for part in schema["oneOf"]]
    return [(n, {**schema["$defs"][n], "$defs": schema["$defs"]}) for n in names]


def _made(
    schema: dict[str, Any], defs: dict[str, Any], *, full: bool, name: str
) -> Any:
    if "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][-1 if full else 0]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _made(schema[several][0], defs, full=full, name=name)
    match schema.get("type"):
        case "object":
            return _object(schema, defs, full=full)
        case "array":
            return _array(schema, defs, full=full, name=name)
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), f"a-{name}")
        case kind:
            return _BY_TYPE[kind]


def _object(schema: dict[str, Any], defs: dict[str, Any], *, full: bool) -> Any:
    required = schema.get("required", ())
    return {
        name: _version(part) or _made(part, defs, full=full, name=name)
        for name, part in schema.get("properties", {}).items()
        if full or name in required
    }


def _version(part: dict[str, Any]) -> str | None:
    """The version a schema names for itself; None where `part` is another field."""
    return part.get("default") if part.get("title") == "Schema Version" else None


def _array(
    schema: dict[str, Any], defs: dict[str, Any], *, full: bool, name: str
) -> list[Any]:
    """Nothing, or one of each kind; a tuple of fixed length is whole either way."""
    if "prefixItems" in schema:
        return [
            _made(part, defs, full=full, name=name) for part in schema["prefixItems"]
        ]
    items = schema["items"]
    kinds = items.get("oneOf", [items])
    return [_made(kind, defs, full=full, name=name) for kind in kinds] if full else []
