"""Nobody who sees all that is not sealed guesses an arm better than by a coin.

The guesser has the whole database as the application's role can read it, and half of
the arms to learn from. It takes whatever it can from every column: values, lengths,
bits, the order of rows. What it learned is tried once, on the other half.
"""

import hashlib
import json
import math
from collections import Counter, defaultdict

import psycopg
import pytest

from registry.domain.consent import ConsentBasis, ConsentState
from registry.domain.participant import Consent, Participant
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.predictability import (
    correct_guesses,
    predictability_of_blocks,
)
from registry.store.roles import REGISTRY, grant_roles
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import randomise
from registry.usecases.records import Stamp
from registry.usecases.stream_state import RecordedMessage
from streams.vocabulary.messages import TRIAL_SCREENING, encode


pytestmark = [pytest.mark.postgres, pytest.mark.unmeasured]

ALLOCATIONS = 5_000
ARMS = ("zephyr", "quartz")
HIDDEN = DomainDesign(
    domain="fluids",
    arms=tuple(ArmDesign(name) for name in ARMS),
    method=PermutedBlocks((2,)),
    blinded=True,
)
DESIGNED = {
    ("randomisation", "ratio"),
    ("randomisation", "availability"),
    ("trial_domain", "design"),
    ("audit_event", "detail"),
}
"""Where the names of arms stand as the design's: alike for everybody, as is checked."""
CHANCE = 1e-6
"""Of a fair coin to be taken for a leak."""


@pytest.fixture(scope="module")
def hidden(postgres):
    """5,000 blinded allocations: the URL, and the arms in the order they were drawn."""
    with postgres.database() as url:
        grant_roles(url)
        yield url


def enrol(registry, bedside, patients):
    """Verdicts and consents as rows: 5,000 acts of each would take minutes."""
    bedside.open_trial(HIDDEN)
    with registry.transaction() as uow:
        stamp = Stamp(batch_id="batch", recorded_at=bedside.noon)
        verdicts = [bedside.verdict(patient) for patient in patients]
        uow.screenings.add([(v, recorded(v)) for v in verdicts], stamp)
    with registry.transaction() as uow:
        for number, patient in enumerate(patients, start=1):
            code = f"TIDE-A-{number:05}"
            uow.participants.add(
                Participant(
                    participant=code,
                    trial="TIDE",
                    site="A",
                    patient=patient,
                    number=number,
                    recorded_at=bedside.noon,
                )
            )
            uow.participants.add_consent(
                Consent(
                    consent_id=f"consent-{number}",
                    participant=code,
                    revision=1,
                    state=ConsentState.GIVEN,
                    basis=ConsentBasis.WRITTEN,
                    document_version="1",
                    decided_at=bedside.noon,
                    recorded_at=bedside.noon,
                    actor="nurse",
                    reason=None,
                )
            )


def recorded(verdict):
    document = encode(TRIAL_SCREENING, verdict)
    digest = hashlib.sha256(document).hexdigest()
    return RecordedMessage(
        message_id=verdict.message_id, document=document.decode(), digest=digest
    )


def readable(url):
    """Every row of every table and view that the application's role may read."""
    with psycopg.connect(url) as connection:
        connection.execute(f"SET ROLE {REGISTRY}")
        named = connection.execute(
            "SELECT c.oid::regclass::text, c.relkind FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'v') "
            "AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
            "AND has_schema_privilege(n.oid, 'USAGE') "
            "AND has_table_privilege(c.oid, 'SELECT')"
        ).fetchall()
        found = {}
        for table, kind in named:
            place = ", ctid::text AS place" if kind == "r" else ""
            cursor = connection.execute(f"SELECT *{place} FROM {table}")
            names = [column.name for column in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor]
        return found


def sealed(url):
    """By randomisation, the arm: what only the owner of the tables and the signer see."""
    with psycopg.connect(url) as owner:
        return dict(
            owner.execute("SELECT randomisation_id, arm FROM sealed.assignment")
        )


def written(drawn, audit, roster):
    """All that is written of one randomisation, by where it stands."""
    return {
        **{f"drawn {name}": str(value) for name, value in drawn.items()},
        **{f"audit {name}": str(value) for name, value in audit.items()},
        **{f"roster {name}": str(value) for name, value in roster.items()},
        "in a block": str(drawn["sequence_no"] % 4),
    }


QUESTIONS = {
    "its length": len,
    "its last letter": lambda text: text[-1:],
    "its letters' sum": lambda text: sum(text.encode()) % 2,
    "a bit of its hash": lambda text: hashlib.sha256(text.encode()).digest()[0] % 2,
    **{f"letter {n}": lambda text, n=n: text[n : n + 1] for n in range(16)},
}


def learned(examples):
    """The one question that told most of the arms seen, and what its answers meant."""
    best, most = None, -1
    for name in examples[0][0]:
        for question, ask in QUESTIONS.items():
            seen = defaultdict(Counter)
            for texts, arm in examples:
                seen[ask(texts[name])][arm] += 1
            told = sum(max(c.values()) for c in seen.values()) - len(seen)
            if told > most:
                meant = {a: c.most_common(1)[0][0] for a, c in seen.items()}
                best, most = (name, question, meant), told
    return best


def beyond_chance(right, of, share=0.5):
    """Whether so many right guesses are more than chance, by Chernoff's bound."""
    rate = right / of
    if rate <= share:
        return False
    apart = rate * math.log(rate / share)
    if rate < 1:
        apart += (1 - rate) * math.log((1 - rate) / (1 - share))
    return math.exp(-of * apart) < CHANCE


@pytest.fixture(scope="module")
def lived(hidden, bedside_of):
    """The registry after 5,000 blinded allocations."""
    registry = open_registry(hidden)
    bedside = bedside_of(registry)
    patients = [f"p{number}" for number in range(ALLOCATIONS)]
    enrol(registry, bedside, patients)
    answers = []
    for first in range(0, ALLOCATIONS, 100):
        with registry.transaction() as uow:  # a commit for each is tried elsewhere
            answers += [
                randomise(bedside.command(patient), uow, signer=bedside.signer)
                for patient in patients[first : first + 100]
            ]
    registry.close()
    return answers


def test_no_answer_of_a_blinded_domain_holds_an_arm(lived):
    assert len(lived) == ALLOCATIONS
    assert {answer.arm for answer in lived} == {None}
    assert not any(arm in repr(answer) for answer in lived[:100] for arm in ARMS)


@pytest.mark.usefixtures("lived")
def test_no_row_that_the_application_reads_names_an_arm_for_one_patient(hidden):
    rows = readable(hidden)

    assert rows["open_label_arm"] == []
    assert "sealed.assignment" not in rows
    assert len(rows["randomisation"]) == ALLOCATIONS
    for table, told in rows.items():
        for row in told:
            for column, value in row.items():
                if any(arm in str(value) for arm in ARMS):
                    assert (table, column) in DESIGNED
    for column in ("ratio", "availability"):
        assert len({row[column] for row in rows["randomisation"]}) == 1
    audited = [
        r for r in rows["audit_event"] if r["action"].startswith("randomisation")
    ]
    assert len(audited) == ALLOCATIONS
    assert not any(arm in row["detail"] for row in audited for arm in ARMS)


@pytest.mark.usefixtures("lived")
def test_a_guesser_with_the_whole_database_does_no_better_than_a_coin(hidden):
    rows, arms = readable(hidden), sealed(hidden)
    audit = {row["subject"]: row for row in rows["audit_event"]}
    roster = {
        json.loads(row["payload"]).get("participant"): row
        for row in rows["outbox"]
        if row["topic"] == "trial.roster"
    }
    drawn = sorted(rows["randomisation"], key=lambda row: row["sequence_no"])
    cases = [
        (
            written(d, audit[d["randomisation_id"]], roster[d["participant"]]),
            arms[d["randomisation_id"]],
        )
        for d in drawn
    ]

    half = ALLOCATIONS // 2
    name, question, meant = learned(cases[:half])
    right = sum(
        meant.get(QUESTIONS[question](texts[name]), ARMS[0]) == arm
        for texts, arm in cases[half:]
    )

    assert not beyond_chance(right, half), (name, question, right)


def test_the_guesser_finds_a_leak_of_one_in_five_where_there_is_one():
    arms = [
        ARMS[hashlib.sha256(bytes([n % 251, n // 251])).digest()[0] % 2]
        for n in range(2_000)
    ]
    cases = [
        (
            {
                "noise": str(n * 7),
                "stock": f"{n:04}" + ("x" if arm == ARMS[0] and n % 5 == 0 else "y"),
            },
            arm,
        )
        for n, arm in enumerate(arms)
    ]

    name, question, meant = learned(cases[:1_000])
    right = sum(
        meant.get(QUESTIONS[question](texts[name])) == arm
        for texts, arm in cases[1_000:]
    )

    assert name == "stock", question
    assert beyond_chance(right, 1_000)


@pytest.mark.usefixtures("lived")
def test_no_commitment_opens_by_anything_that_is_readable(hidden):
    rows = readable(hidden)
    for row in rows["randomisation"][:500]:
        told = [str(value) for value in row.values()] + [""]
        tried = {
            hashlib.sha256(f"{one}{arm}".encode()).hexdigest()
            for one in told
            for arm in ARMS
        }
        assert row["arm_commitment"] not in tried


@pytest.mark.usefixtures("lived")
def test_who_sees_the_past_of_every_arm_guesses_as_the_design_says(hidden):
    """Were the domain open-label: the guesser bets on the arm that is behind."""
    arms = sealed(hidden)
    with psycopg.connect(hidden) as owner:
        order = owner.execute(
            "SELECT randomisation_id FROM randomisation ORDER BY sequence_no"
        ).fetchall()
    given = [arms[name] for (name,) in order]

    right = correct_guesses(given, ratio=dict.fromkeys(ARMS, 1))
    theory = predictability_of_blocks(4).correct

    assert not beyond_chance(float(right) * ALLOCATIONS, ALLOCATIONS, float(theory))
    assert abs(float(right) - float(theory)) < 0.03
