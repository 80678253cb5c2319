"""Old and new read each other: the frozen schemas and examples of every version.

A file of a version is written once, by `freeze.py`, and never again.
"""

import json
from pathlib import Path

import jsonschema
import pytest
from contract.schemas.examples import example, variants

from registry.app.published import MESSAGES, published_schemas
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.messages import decode


HERE = Path(__file__).resolve().parent
SCHEMAS = sorted(HERE.glob("*/*.schema.json"))
EXAMPLES = sorted(set(HERE.glob("*/*.json")) - set(SCHEMAS))
NOW = published_schemas()
NAMES_ONLY = ("title", "description", "$id", "$schema", "examples")


def named(path):
    return f"{path.parent.name}/{path.name.removesuffix('.json')}"


def topic_of(path):
    return next(t for t in MESSAGES if path.name.startswith(f"{t}."))


def frozen_schema(path):
    return json.loads((path.parent / f"{topic_of(path)}.schema.json").read_text())


def objects(schema):
    """Every object a schema describes, by name."""
    return {schema.get("title", "the union"): schema, **schema.get("$defs", {})}


def meaning(schema):
    """What a schema demands, without its words and the order of its kinds."""
    if isinstance(schema, dict):
        return {k: meaning(v) for k, v in schema.items() if k not in NAMES_ONLY}
    if isinstance(schema, list):
        return sorted((meaning(part) for part in schema), key=json.dumps)
    return schema


def with_unknown_fields(value):
    if isinstance(value, dict):
        told = {name: with_unknown_fields(part) for name, part in value.items()}
        return {**told, "of_a_later_version": {"colour": "blue"}}
    if isinstance(value, list):
        return [with_unknown_fields(part) for part in value]
    return value


def told_again(sent, again):
    """Of what is told again, what was sent: fields that came later are left out."""
    if isinstance(sent, dict):
        return {name: told_again(part, again[name]) for name, part in sent.items()}
    if isinstance(sent, list):
        assert len(again) == len(sent)
        return [told_again(one, two) for one, two in zip(sent, again, strict=True)]
    return again


def test_every_message_has_its_frozen_schema_and_examples():
    told = {topic_of(path) for path in SCHEMAS if path.parent.name == "1.0"}
    assert told == set(MESSAGES)
    for topic in MESSAGES:
        for name, _ in variants(NOW[topic]):
            assert (HERE / "1.0" / f"{topic}.{name}.full.json").exists()


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_what_an_old_writer_wrote_is_read_and_loses_nothing(path):
    adapter = MESSAGES[topic_of(path)]
    sent = json.loads(path.read_text())
    read = adapter.validate_json(path.read_bytes())
    again = json.loads(adapter.dump_json(read, exclude_none=True))
    assert told_again(sent, again) == sent
    jsonschema.validate(again, frozen_schema(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_fields_of_a_later_version_are_ignored_at_every_depth(path):
    adapter = MESSAGES[topic_of(path)]
    later = with_unknown_fields(json.loads(path.read_text()))
    assert adapter.validate_python(later) == adapter.validate_json(path.read_bytes())
    jsonschema.validate(later, frozen_schema(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_a_later_major_version_is_refused(path):
    sent = json.loads(path.read_text())
    if "schema_version" not in published(path)["properties"]:
        return  # an alert is told, never read again
    later = json.dumps({**sent, "schema_version": "2.0"}).encode()
    with pytest.raises(InputError) as refused:
        decode(MESSAGES[topic_of(path)], later)
    assert refused.value.code is ErrorCode.UNKNOWN_SCHEMA


def published(path):
    name = path.name.removeprefix(f"{topic_of(path)}.").split(".")[0]
    return dict(variants(NOW[topic_of(path)]))[name]


@pytest.mark.parametrize("path", SCHEMAS, ids=named)
@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
def test_an_old_reader_accepts_what_a_new_writer_writes(path, full):
    for _, variant in variants(NOW[topic_of(path)]):
        jsonschema.validate(example(variant, full=full), frozen_schema(path))


@pytest.mark.parametrize("path", SCHEMAS, ids=named)
def test_no_field_was_dropped_made_required_or_given_another_meaning(path):
    now = objects(NOW[topic_of(path)])
    for name, then in objects(json.loads(path.read_text())).items():
        assert set(now[name].get("required", ())) == set(then.get("required", ())), name
        for field, shape in then.get("properties", {}).items():
            assert meaning(now[name]["properties"][field]) == meaning(shape), name
