"""Every protocol that ships gives its made-up patients the verdict argued for them."""

from importlib.resources import files

import pytest

from streams.clinical.criteria.loading import load_protocol
from streams.pipeline.vignettes import differences, parse_vignettes


FOLDER = files("streams.protocols")
NAMES = sorted(
    entry.name.removesuffix(".vignettes.yaml")
    for entry in FOLDER.iterdir()
    if entry.name.endswith(".vignettes.yaml")
)


def read(name):
    return FOLDER.joinpath(name).read_text("utf-8")


CASES = [
    (name, case)
    for name in NAMES
    for case in parse_vignettes(read(f"{name}.vignettes.yaml")).vignettes
]


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}: {case.name}" for name, case in CASES]
)
def test_the_patient_gets_the_verdict_the_story_argues_for(name, case):
    protocol = load_protocol(read(f"{name}.yaml"))
    vignettes = parse_vignettes(read(f"{name}.vignettes.yaml"))
    assert differences(protocol, case, vignettes) == []


def test_every_protocol_has_at_least_twelve_vignettes():
    protocols = [e.name for e in FOLDER.iterdir() if e.name.endswith(".yaml")]
    bare = {p.removesuffix(".yaml") for p in protocols if ".vignettes" not in p}
    assert bare == set(NAMES)
    assert all(sum(name == n for n, _ in CASES) >= 12 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_criterion_is_seen_on_both_sides(name):
    protocol = load_protocol(read(f"{name}.yaml"))
    seen = {}
    for case in (case for n, case in CASES if n == name):
        for criterion, truth in case.expect.criteria.items():
            seen.setdefault(criterion, set()).add(truth)
    for domain in protocol.open_domains():
        for criterion in (*domain.inclusion, *domain.exclusion):
            human = criterion.rule.kind == "confirm"
            assert len(seen.get(criterion.id, ())) >= (1 if human else 2), criterion.id
