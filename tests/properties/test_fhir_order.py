"""FHIR resources of one story, in any order and again, leave one and the same record."""

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from made_up.fhir import NOW, timelines, translator
from made_up.fhir_story import STORY


def standing(resources, **site):
    reading = translator(**site)
    told = [
        reading.translate(json.dumps(one).encode(), received_at=NOW)
        for one in resources
    ]
    told += reading.finish(received_at=NOW)
    assert reading.held == 0
    return timelines(told)


EXPECTED = [
    (site, standing(STORY, **site)) for site in ({}, {"authorities": ["NORTH"]})
]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(STORY))), again=st.sets(st.integers(0, 18)))
def test_whatever_the_order_the_record_is_the_same(order, again):
    shuffled = [STORY[n] for n in order] + [STORY[n] for n in sorted(again)]

    for site, expected in EXPECTED:
        assert standing(shuffled, **site) == expected


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(len(STORY))), cuts=st.sets(st.integers(1, 18)))
def test_however_they_are_bundled_the_record_is_the_same(order, cuts):
    shuffled = [STORY[n] for n in order]
    edges = [0, *sorted(cuts), len(shuffled)]
    bundles = []
    for start, end in pairwise(edges):
        entries = []
        for one in shuffled[start:end]:
            nested = one["resourceType"] == "Bundle"
            entries += one["entry"] if nested else [{"resource": one}]
        bundles.append(
            {"resourceType": "Bundle", "type": "collection", "entry": entries}
        )

    assert standing(bundles) == EXPECTED[0][1]


def test_the_story_is_told():
    ((_, facts),) = standing(STORY).items()

    kinds = sorted(fact.kind for fact in facts)
    assert kinds == [
        "culture_collected",
        "culture_result",
        "demographics",
        "encounter",
        "measurement",
        "measurement",
        "medication",
    ]
