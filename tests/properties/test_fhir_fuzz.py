"""Whatever arrives, the FHIR reader answers, and keeps what it was not asked for."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from made_up.fhir import NOW, patient, translator
from made_up.fhir_story import STORY

from streams.adapters.fhir.types import RESOURCES


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "id",
                    "meta",
                    "status",
                    "code",
                    "coding",
                    "system",
                    "value",
                    "subject",
                    "reference",
                    "identifier",
                    "valueQuantity",
                    "component",
                    "entry",
                    "resource",
                    "contained",
                    "period",
                    "start",
                    "effectiveDateTime",
                    "hasMember",
                    "derivedFrom",
                    "partOf",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def paths(node, here=()):
    """Every place of a document."""
    yield here
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from paths(inner, (*here, name))
    elif isinstance(node, list):
        for at, inner in enumerate(node):
            yield from paths(inner, (*here, at))


def put(document, path, value):
    """A copy of the document with another value at one place."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = put(document[path[0]], path[1:], value)
    return copy


PLACES = [(n, path) for n, one in enumerate(STORY) for path in paths(one)]


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), JSON), max_size=4))
def test_a_story_changed_anywhere_is_read_to_its_end(changes):
    resources = list(STORY)
    for (number, path), value in changes:
        try:
            resources[number] = put(resources[number], path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    reading = translator(authorities=["NORTH"])
    for one in resources:
        told = reading.translate(json.dumps(one).encode(), received_at=NOW)
        assert told.outcome in ("mapped", "filed", "rejected")
        assert told.outcome != "rejected" or told.faults
    list(reading.finish(received_at=NOW))
    again = translator(authorities=["NORTH"])
    again.restore(reading.pending())


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(sorted(RESOURCES)), body=st.dictionaries(st.text(), JSON))
def test_a_resource_of_any_content_is_read(kind, body):
    reading = translator()
    payload = json.dumps(body | {"resourceType": kind}).encode()
    told = reading.translate(payload, received_at=NOW)
    list(reading.finish(received_at=NOW))

    assert told.outcome in ("mapped", "filed", "rejected")


@settings(max_examples=100, deadline=None)
@given(
    start=st.integers(0, 200),
    noise=st.binary(max_size=20),
    cut=st.integers(0, 20),
)
def test_bytes_of_any_sort_are_answered(start, noise, cut):
    whole = json.dumps(patient()).encode()
    payload = whole[:start] + noise + whole[start + cut :]

    told = translator().translate(payload, received_at=NOW)
    assert told.outcome in ("mapped", "filed", "rejected")
