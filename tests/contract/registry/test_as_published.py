"""Nothing is drawn by what somebody wrote past the audit; it is found afterwards too."""

import json
from dataclasses import replace

import psycopg
import pytest
from servers.signer import signer_house

from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign, design_document
from registry.domain.randomisation.methods import Adaptive
from registry.domain.randomisation.vector import by_ratio
from registry.store.unit_of_work import open_registry
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.randomise_domains import RandomiseDomains, randomise_domains
from registry.usecases.set_pause import SetPause, set_pause
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode


KEY = bytes(range(32))
ALIKE = by_ratio([("restrictive", 1), ("standard", 1)])
DESIGN, VECTOR, PAUSE = (
    [(ErrorCode.NOT_PUBLISHED, f"{what}_not_published")]
    for what in ("design", "vector", "pause")
)


def obstacles(done):
    assert isinstance(done, NotRandomised), done
    return [(one.code, one.name) for one in done.gate.obstacles]


def kept_as(design, **otherwise):
    """What sets the kept design of its domain to another."""
    told = json.dumps(design_document(design) | otherwise)
    return f"UPDATE trial_domain SET design = '{told}' WHERE domain = '{design.domain}'"


def faults(bedside):
    return [(r.site, r.trial, r.break_.reason) for r in bedside.broken_chains()]


def pause(bedside, hours, *, paused, place):
    command = SetPause(
        trial="TIDE",
        place=place,
        paused=paused,
        reason="safety",
        actor="sponsor",
        at=bedside.noon + hours * HOUR,
    )
    with bedside.registry.transaction() as uow:
        set_pause(command, uow)


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        (
            "arms",
            [{"name": "restrictive", "ratio": 3}, {"name": "standard", "ratio": 1}],
        ),
        ("block_multiples", [1]),
        ("deferred", True),
        ("not_with", [["steroids", "zephyr"]]),
    ],
)
def test_by_a_design_changed_in_its_table_nothing_is_drawn(bedside, sql, name, becomes):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    assert isinstance(bedside.randomise("p1"), Randomised)
    assert faults(bedside) == []

    sql(kept_as(bedside.fluids, **{name: becomes}))

    assert obstacles(bedside.randomise("p2")) == DESIGN
    told = "of 1 domains another design is kept than was published"
    assert faults(bedside) == [("", "TIDE", told)]


def test_a_hidden_domain_is_not_opened_by_its_table(bedside, sql):
    """In a demonstration, where a file too may hide arms."""
    hidden = replace(bedside.fluids, blinded=True)
    bedside.open_trial(hidden, mode=Mode.DEMO)
    bedside.hear(bedside.verdict("p1", provenance="simulated"))
    bedside.consent("p1")

    sql(kept_as(hidden, blinded=False))
    sql("UPDATE trial_domain SET blinded = false")

    assert obstacles(bedside.randomise("p1")) == DESIGN
    assert len(faults(bedside)) == 1


def test_what_was_drawn_before_is_told_again_whatever_the_table_says(bedside, sql):
    bedside.open_trial()
    bedside.admit("p1")
    before = bedside.randomise("p1")

    sql(kept_as(bedside.fluids, block_multiples=[1]))

    assert bedside.randomise("p1") == replace(before, repeated=True)


def test_a_domain_that_the_protocol_shut_is_not_opened_by_its_table(bedside, sql):
    other = replace(bedside.fluids, domain="other")
    bedside.open_trial(bedside.fluids, other)
    amended = bedside.protocol(other, protocol_hash="hash-2")
    with bedside.registry.transaction() as uow:
        activate_protocol(amended, uow, signer=bedside.signer)
    bedside.hear(bedside.verdict("p1", protocol_hash="hash-2"))
    bedside.consent("p1")
    assert faults(bedside) == []

    sql("UPDATE trial_domain SET is_open = true WHERE domain = 'fluids'")

    assert obstacles(bedside.randomise("p1")) == DESIGN
    assert len(faults(bedside)) == 1


def test_an_amendment_is_drawn_by_once_it_is_published(bedside):
    bedside.open_trial()
    bedside.admit("p1")
    assert isinstance(bedside.randomise("p1"), Randomised)
    three = replace(bedside.fluids, arms=(*bedside.fluids.arms, ArmDesign("albumin")))

    with bedside.registry.transaction() as uow:
        amended = bedside.protocol(three, protocol_hash="hash-2")
        activate_protocol(amended, uow, signer=bedside.signer)
    bedside.hear(bedside.verdict("p2", protocol_hash="hash-2"))
    bedside.consent("p2")

    assert isinstance(bedside.randomise("p2"), Randomised)
    assert faults(bedside) == []


def test_by_a_version_that_no_act_made_nothing_is_drawn(bedside, sql):
    """Not even where it says what was published, but for the key."""
    bedside.open_trial()
    bedside.admit("p1")

    sql(
        "INSERT INTO protocol_version SELECT trial, revision + 1, version, "
        "'hash-2', document, key_commitment, activated_at, 'nobody' "
        "FROM protocol_version"
    )
    bedside.hear(bedside.verdict("p1", 1, protocol_hash="hash-2"))

    assert obstacles(bedside.randomise("p1")) == DESIGN
    assert len(faults(bedside)) == 1


def test_of_several_domains_only_the_changed_one_is_not_drawn(bedside, sql):
    other = replace(bedside.fluids, domain="other")
    bedside.open_trial(bedside.fluids, other)
    bedside.admit("p1")
    bedside.hear(bedside.verdict("p1", domain="other"))

    sql(kept_as(other, block_multiples=[1]))
    command = RandomiseDomains(
        idempotency_key="all",
        site="A",
        patient="p1",
        trial="TIDE",
        domains=(),
        episode="e1",
        actor="doctor",
        at=bedside.command().at,
    )
    with bedside.registry.transaction() as uow:
        done = randomise_domains(command, uow, signer=bedside.signer)

    told = {a.domain: [(o.code, o.name) for o in a.obstacles] for a in done.answers}
    assert told == {"fluids": [], "other": DESIGN}


@pytest.fixture
def adaptive(bedside):
    """A domain drawn by a vector that an analysis published."""
    bedside.open_trial(replace(bedside.fluids, method=Adaptive(initial=ALIKE)))
    command = PublishVector(
        trial="TIDE",
        domain="fluids",
        stratum=None,
        analysis_id="interim-1",
        data_cut=bedside.noon,
        p_best=None,
        shares={"restrictive": 0.6, "standard": 0.4},
        actor="statistician",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        publish_vector(command, uow)
    bedside.admit("p1", "p2")
    return bedside


FORGED_VECTOR = """
    INSERT INTO allocation_vector
        (vector_id, trial, domain, stratum, design, shares, p_best, analysis_id,
         data_cut, limits, published_by, published_at, revision)
    SELECT 'forged', trial, domain, stratum, design,
        '[["restrictive",999999999],["standard",1]]', p_best, analysis_id,
        data_cut, limits, published_by, published_at, revision + 1
    FROM allocation_vector
"""


def test_by_a_vector_that_no_analysis_published_nothing_is_drawn(adaptive, sql):
    assert isinstance(adaptive.randomise("p1"), Randomised)

    sql(FORGED_VECTOR)

    assert obstacles(adaptive.randomise("p2")) == VECTOR
    assert len(faults(adaptive)) == 1


def test_what_is_paused_is_not_resumed_by_its_table(bedside, sql):
    bedside.open_trial()
    bedside.admit("p1", "p2")
    place = Place(domain="fluids")
    pause(bedside, 1, paused=True, place=place)
    pause(bedside, 2, paused=False, place=place)
    assert isinstance(bedside.randomise("p1"), Randomised)
    pause(bedside, 3, paused=True, place=place)

    sql(
        "INSERT INTO recruitment_pause (pause_id, trial, site, domain, arm, revision, "
        "paused, reason, actor, at) SELECT 'forged', trial, site, domain, arm, 3, "
        "false, reason, actor, at FROM recruitment_pause WHERE revision = 2"
    )

    assert obstacles(bedside.randomise("p2")) == PAUSE
    assert len(faults(bedside)) == 1


@pytest.mark.postgres
def test_the_applications_account_cannot_have_a_blinded_domain_drawn_in_the_open(
    postgres, bedside_of
):
    """The signer, in its own process, refuses what that account wrote past the audit."""
    hidden = replace(bedside_of(None).fluids, blinded=True)
    with signer_house(postgres, keys={"TIDE": KEY}) as house:
        house.start()
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        bedside.open_trial(hidden)
        bedside.admit("p1", "p2")
        drawn = house.client.randomise(bedside.command("p1"))

        with psycopg.connect(house.app_url) as account:
            account.execute(kept_as(hidden, blinded=False))
            account.execute("UPDATE trial_domain SET blinded = false")
        refused = house.client.randomise(bedside.command("p2"))

        with psycopg.connect(house.app_url) as account:
            shown = account.execute("SELECT * FROM open_label_arm").fetchall()
        app.close()
    assert isinstance(drawn, Randomised)
    assert obstacles(refused) == DESIGN
    assert shown == []
