"""Sealed lists: nothing of them is in the registry, and what was opened comes back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from made_up.role_holders import let
from typer.testing import CliRunner

from registry.app.commands.fallback import app
from registry.app.fallback_files import read_opened, write_pages
from registry.domain.extracts import COLUMNS, Cut, Extract
from registry.domain.mode import Mode
from registry.domain.pause import Place
from registry.domain.protocol import ArmDesign
from registry.domain.randomisation.draws import commitment
from registry.domain.randomisation.methods import Minimised
from registry.domain.roles import Role
from registry.domain.sealed_list import commitment_of
from registry.store.engine import database_url, make_engine
from registry.store.extracts import Wanted
from registry.store.schema import assignments, schema
from registry.usecases.enter_opening import (
    EnterOpening,
    OpeningEntered,
    OpeningRefused,
    enter_opening,
)
from registry.usecases.exclude_allocation import (
    ExcludeAllocation,
    exclude_allocation,
)
from registry.usecases.make_sealed_list import (
    MakeSealedList,
    SealedListMade,
    SealedListRefused,
    make_sealed_list,
)
from registry.usecases.outbox import ROSTER
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.set_pause import SetPause, set_pause
from registry.usecases.verify_randomisation import verify_randomisation
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


CUSTODIAN = bytes(range(100, 132))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PATIENTS = ("p1", "p2", "p3", "p4", "p5")


def making(bedside, **changed):
    usual = {
        "trial": "TIDE",
        "domain": "fluids",
        "site": "A",
        "first_no": 901,
        "count": 12,
        "key": CUSTODIAN,
        "actor": "custodian",
        "at": bedside.noon,
    }
    return MakeSealedList(**{**usual, **changed})


def make(bedside, **changed):
    with bedside.registry.transaction() as uow:
        return make_sealed_list(making(bedside, **changed), uow)


def opening(bedside, made, envelope, patient, **changed):
    page = next(p for p in made.pages if p.envelope == envelope)
    usual = {
        "list_id": made.sealed.list_id,
        "envelope": envelope,
        "participant": code(patient),
        "opened_at": bedside.noon + HOUR + (envelope - 901) * MINUTE,
        "opened_by": "night doctor",
        "arm": page.arm,
        "nonce": page.nonce,
        "outage_from": bedside.noon,
        "outage_until": bedside.noon + 3 * HOUR,
        "actor": "coordinator",
        "at": bedside.noon + 4 * HOUR,
    }
    return EnterOpening(**{**usual, **changed})


def enter(bedside, command):
    with bedside.registry.transaction() as uow:
        return enter_opening(command, uow)


def code(patient):
    return f"TIDE-A-000{patient[1:]}"


@pytest.fixture
def down(bedside):
    """A domain drawn by everybody before; five who consented; a list in the safe."""
    design = replace(
        bedside.fluids,
        method=Minimised(
            weights=(("shock", Fraction(1)),), spread="range", p=Fraction(1)
        ),
    )
    hidden = replace(bedside.fluids, domain="steroids", blinded=True)
    seals = bedside.registry.dialect == "postgresql"
    bedside.open_trial(design, *([hidden] if seals else []))
    bedside.admit(*PATIENTS)
    return bedside


def everything(bedside, registry_url, *, sealed=False):
    """All that any table holds, but the arms; or the arms alone."""
    engine = make_engine(database_url(registry_url))
    arms = assignments(bedside.registry.dialect)
    with engine.connect() as connection:
        tables = (
            [arms]
            if sealed
            else [
                table
                for table in schema(bedside.registry.dialect).sorted_tables
                if table.fullname != arms.fullname
            ]
        )
        rows = [
            dict(row)
            for table in tables
            for row in connection.execute(table.select()).mappings()
        ]
    engine.dispose()
    return rows


def test_the_registry_holds_no_arm_and_no_opening_code_of_a_list(down, registry_url):
    made = make(down)

    assert isinstance(made, SealedListMade)
    written = str(everything(down, registry_url))
    assert not any(page.nonce in written for page in made.pages)
    assert {page.commitment for page in made.pages} == set(made.sealed.commitments)
    assert made.sealed.key_commitment == commitment(CUSTODIAN)
    assert not any(page.arm in repr(page) for page in made.pages)
    assert down.broken_chains() == []


def test_a_list_is_balanced_and_the_same_from_the_same_key(down):
    made = make(down, count=240)
    again = make(down, count=240)

    arms = [page.arm for page in made.pages]
    assert abs(arms.count("standard") - 120) <= 3
    assert again == replace(made, repeated=True)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"first_no": 912, "count": 1}, "numbers_reserved"),
        ({"first_no": 890, "count": 12}, "numbers_reserved"),
        ({"key": bytes(range(40, 72))}, "numbers_reserved"),
        ({"first_no": 1, "key": bytes(range(32))}, "key_of_the_signer"),
        ({"domain": "drug"}, "no_such_domain"),
        ({"first_no": 1, "count": 501}, "no_such_range"),
    ],
)
def test_numbers_are_reserved_once_and_for_another_key(down, changed, name):
    make(down)
    refused = make(down, **changed)

    assert isinstance(refused, SealedListRefused)
    assert (refused.obstacle.code, refused.obstacle.name) == (
        ErrorCode.SEALED_LIST,
        name,
    )


def test_what_was_opened_comes_back_with_its_arm_and_its_moment(down, registry_url):
    made = make(down)
    done = [
        enter(down, opening(down, made, 901 + n, patient))
        for n, patient in enumerate(("p1", "p2"))
    ]

    assert [one.opening.findings for one in done] == [(), ()]
    with down.registry.inspection() as uow:
        drawn = uow.allocations.of_trial("TIDE")
    assert [(one.participant, one.sequence_no) for one in drawn] == [
        (code("p1"), 901),
        (code("p2"), 902),
    ]
    assert {one.stratum for one in drawn} == {"@sealed=A;shock=yes"}
    assert [one.randomised_at for one in drawn] == [
        down.noon + HOUR,
        down.noon + HOUR + MINUTE,
    ]
    sealed = {
        row["randomisation_id"]: row["arm"]
        for row in everything(down, registry_url, sealed=True)
    }
    assert [sealed[one.randomisation_id] for one in drawn] == [
        page.arm for page in made.pages[:2]
    ]
    assert {one["participant"] for one in down.told(ROSTER) if one["participant"]} >= {
        code("p1"),
        code("p2"),
    }
    assert down.broken_chains() == []


def test_the_same_page_again_enters_nothing(down):
    made = make(down)
    first = enter(down, opening(down, made, 901, "p1"))
    again = enter(down, opening(down, made, 901, "p1", at=down.noon + 5 * HOUR))

    assert again == replace(first, repeated=True)
    with down.registry.inspection() as uow:
        assert len(uow.allocations.of_trial("TIDE")) == 1


def test_draws_afterwards_count_who_came_by_paper_and_every_draw_is_made_again(down):
    down.randomise("p1")
    made = make(down)
    enter(down, opening(down, made, 901, "p2"))
    for patient in ("p3", "p4", "p5"):
        assert down.randomise(patient, at=down.noon + 5 * HOUR).sequence_no < 901

    with down.registry.inspection() as uow:
        report = verify_randomisation("TIDE", uow, signer=down.signer)
        arms = [uow.allocations.arm(d.randomisation_id) for d in _in_order(uow)]
        (page,) = uow.sealed_lists.openings(made.sealed.list_id)
    assert (report.holds, report.checked) == (True, 5)
    assert page.counts_from_no == 2
    assert abs(arms[:4].count("standard") - 2) <= 1
    assert abs(arms[:4].count("standard") - arms[:4].count("restrictive")) == 0


def _in_order(uow):
    """The paper draw as the second: from then on it was seen."""
    drawn = uow.allocations.of_trial("TIDE")
    paper = [d for d in drawn if d.sequence_no >= 901]
    rest = sorted(
        (d for d in drawn if d.sequence_no < 901), key=lambda d: d.sequence_no
    )
    return [rest[0], *paper, *rest[1:]]


def test_an_exclusion_of_who_came_by_paper_is_made_again_too(down):
    down.randomise("p1")
    made = make(down)
    enter(down, opening(down, made, 901, "p2"))
    with down.registry.transaction() as uow:
        exclude_allocation(
            ExcludeAllocation(
                trial="TIDE",
                domain="fluids",
                participant=code("p2"),
                reason="in error",
                actor="manager",
                at=down.noon + 5 * HOUR,
            ),
            uow,
        )
    for patient in ("p3", "p4"):
        down.randomise(patient, at=down.noon + 5 * HOUR)
    with down.registry.inspection() as uow:
        assert verify_randomisation("TIDE", uow, signer=down.signer).holds


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"arm": "another"}, "not_as_committed"),
        ({"nonce": "0" * 64}, "not_as_committed"),
        ({"envelope": 990}, "not_in_the_list"),
        ({"participant": "TIDE-A-0099"}, "no_such_participant"),
        ({"opened_at": "before"}, "outside_the_outage"),
        ({"outage_until": "later"}, "outage_in_the_future"),
        ({"opened_at": "before", "outage_from": "before"}, "opened_before_the_list"),
        ({"episode": "e9"}, "no_one_screening"),
    ],
)
def test_what_does_not_fit_is_kept_by_name_and_randomises_nobody(down, changed, name):
    moments = {"before": down.noon - HOUR, "later": down.noon + 9 * HOUR}
    changed = {k: moments.get(v, v) for k, v in changed.items()}
    made = make(down)

    done = enter(down, replace(opening(down, made, 901, "p1"), **changed))

    assert isinstance(done, OpeningEntered)
    assert name in done.opening.findings
    assert done.opening.randomisation_id is None
    with down.registry.inspection() as uow:
        assert uow.allocations.of_trial("TIDE") == ()
        assert uow.sealed_lists.openings(made.sealed.list_id) == (done.opening,)
    assert down.broken_chains() == []

    mended = enter(down, opening(down, made, 901, "p1"))
    assert (mended.opening.findings, mended.repeated) == ((), False)


def test_nobody_is_randomised_twice_and_no_page_is_used_twice(down):
    made = make(down)
    down.randomise("p1")
    twice = enter(down, opening(down, made, 901, "p1"))
    enter(down, opening(down, made, 901, "p2"))
    used = enter(down, opening(down, made, 901, "p3"))

    assert twice.opening.findings == ("randomised_before",)
    assert used.opening.findings == ("page_entered_before",)


def test_pages_out_of_order_are_entered_and_told(down):
    made = make(down)
    left_out = enter(down, opening(down, made, 903, "p1"))
    before = enter(down, opening(down, made, 902, "p2"))
    back = enter(down, opening(down, made, 904, "p3", opened_at=down.noon + MINUTE))

    assert left_out.opening.findings == ("page_left_out",)
    assert before.opening.findings == ("out_of_order",)
    assert back.opening.findings == ("time_runs_back",)
    assert all(one.opening.randomisation_id for one in (left_out, before, back))


def test_a_patient_who_was_not_to_be_randomised_is_told_of_and_kept(down):
    made = make(down)
    down.hear(down.verdict("p1", revision=1, status="ineligible"))

    done = enter(down, opening(down, made, 901, "p1"))

    assert done.opening.findings == ("not_eligible",)
    assert done.opening.randomisation_id


@pytest.mark.parametrize(
    "place",
    [Place(site="A"), Place(domain="fluids"), Place(domain="fluids", arm="standard")],
)
def test_a_page_opened_in_a_pause_is_entered_and_told(down, place):
    """Of what was paused when the page was opened, whatever was resumed since."""
    made = make(down)
    for number, now_paused in ((30, True), (61, False)):
        command = SetPause(
            trial="TIDE",
            place=place,
            paused=now_paused,
            reason="harm",
            actor="board",
            at=down.noon + number * MINUTE,
        )
        with down.registry.transaction() as uow:
            set_pause(command, uow)
    during = enter(down, opening(down, made, 901, "p1"))
    after = enter(down, opening(down, made, 902, "p2"))

    assert during.opening.findings == ("paused_then",)
    assert after.opening.findings == ()
    assert during.opening.randomisation_id


def test_a_silent_registry_randomises_nobody_by_paper_either(down):
    made = make(down)
    with down.registry.transaction() as uow:
        set_mode(
            SetMode(mode=Mode.SILENT, reason="over", actor="admin", at=down.noon), uow
        )
    done = enter(down, opening(down, made, 901, "p1"))
    assert done.opening.findings == ("mode_forbids",)


def test_a_list_nobody_made_is_refused(down):
    made = make(down)
    done = enter(down, opening(down, made, 901, "p1", list_id="none"))
    assert isinstance(done, OpeningRefused)


def test_what_was_told_of_a_moment_stays_when_pages_are_entered_later(down):
    made = make(down)
    at = down.noon + 2 * HOUR
    with down.registry.reading() as views:
        before = views.flow_at(at)
    enter(down, opening(down, made, 901, "p1"))

    with down.registry.reading() as views:
        assert views.flow_at(at) == before
        (now,) = views.flow_at(down.noon + 5 * HOUR)
    assert dict(now.boxes)["randomised"] == 1


def domains_exported(bedside, **cut):
    wanted = Wanted(extract=Extract.PARTICIPANTS, cut=Cut(**cut))
    place = [column.name for column in COLUMNS[Extract.PARTICIPANTS]].index("domain")
    with bedside.registry.extracts() as extracts:
        return {row[0]: row[place] for row in extracts.rows(wanted)}


def test_an_extract_cuts_a_page_by_both_clocks(down):
    """Opened an hour after noon, entered four hours after."""
    enter(down, opening(down, make(down), 901, "p1"))
    opened, entered = down.noon + HOUR, down.noon + 4 * HOUR

    def drawn(recorded_until, happened_until):
        cut = {"recorded_until": recorded_until, "happened_until": happened_until}
        return domains_exported(down, **cut)[code("p1")] is not None

    assert drawn(entered, opened)
    assert not drawn(entered, opened - MINUTE)
    assert not drawn(entered - MINUTE, entered)


def test_a_tampered_arm_of_a_page_is_found(down, tamper):
    made = make(down)
    enter(down, opening(down, made, 901, "p1"))
    table = assignments(down.registry.dialect).fullname
    tamper(f"UPDATE {table} SET arm = 'another'")

    with down.registry.inspection() as uow:
        report = verify_randomisation("TIDE", uow, signer=down.signer)
    (one,) = report.differing
    assert "committed" in one.what


def test_of_a_blinded_domain_no_table_names_the_arm_for_anybody(down, registry_url):
    if down.registry.dialect == "sqlite":
        pytest.skip("a live blinded trial is refused on SQLite")
    down.hear(*(down.verdict(p, domain="steroids") for p in PATIENTS))
    made = make(down, domain="steroids")
    rows = everything(down, registry_url)
    before = sum("standard" in str(row) for row in rows)

    for n, patient in enumerate(("p1", "p2", "p3")):
        enter(down, opening(down, made, 901 + n, patient))

    told = everything(down, registry_url)
    named = [row for row in told if "standard" in str(row)]
    assert len(named) == before + 3  # the ratio each was drawn by, alike for all
    assert len({row["ratio"] for row in named if "sequence_no" in row}) == 1
    assert not any(made.pages[n].nonce in str(told) for n in range(3))
    assert down.broken_chains() == []


def test_the_commands_write_pages_and_read_back_what_was_opened(
    down, registry_url, registry, tmp_path
):
    let(registry, "custodian", roles=(Role.CUSTODIAN,))
    key, pages = tmp_path / "custodian.key", tmp_path / "pages"
    key.touch(mode=0o600)
    key.write_bytes(CUSTODIAN)
    words = [
        *("make", "--trial", "TIDE", "--domain", "fluids", "--site", "A"),
        *("--from", "901", "--count", "3", "--key", str(key), "--out", str(pages)),
        *("--actor", "custodian", "--registry", registry_url),
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    manifest = (pages / "manifest.json").read_text()
    assert not any(arm in manifest for arm in ("standard", "restrictive"))
    assert "standard" not in done.output
    page = _read_page(pages / "page-00901.txt")
    told = json.loads(manifest)["pages"][0]["commitment"]
    assert commitment_of(page["arm"], page["opening code"]) == told

    file = tmp_path / "opened.yaml"
    now = datetime.now(UTC)
    moment = now.isoformat()
    outage = f"{{from: {moment}, until: {moment}}}"
    file.write_text(
        f"list: {json.loads(manifest)['list']}\n"
        f"outage: {outage}\n"
        "opened:\n"
        f"- {{envelope: 901, participant: {code('p1')}, opened_at: {moment}, "
        f"by: night doctor, arm: {page['arm']}, opening_code: {page['opening code']}}}\n"
    )
    if registry.dialect == "postgresql":
        command = read_opened(file).commands(actor="c", at=now)[0]
        assert enter(down, command).opening.findings == ()
        return
    let(registry, "c")
    back = ["backfill", str(file), "--actor", "c", "--registry", registry_url]
    first = CliRunner().invoke(app, [*back, "--json"])
    again = CliRunner().invoke(app, back)
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)[0]["randomised"]
    assert "(as before)" in again.stdout
    assert page["arm"] not in first.stdout + again.stdout


def _read_page(path):
    lines = (line.partition("  ") for line in path.read_text().splitlines())
    return {name.strip(): value.strip() for name, _, value in lines if value}


def test_pages_are_never_written_over_others(down, tmp_path):
    made = make(down)
    write_pages(tmp_path / "pages", made.sealed, made.pages)
    with pytest.raises(SettingsError):
        write_pages(tmp_path / "pages", made.sealed, made.pages)


@pytest.mark.parametrize("longest", ["norepinephrine", "ä" * 20, "d" * 80])
def test_no_page_tells_its_arm_by_its_size(bedside, tmp_path, longest):
    """Not beside one of another arm, of more digits, nor of a list with an arm fewer."""
    arms = tuple(ArmDesign(name) for name in ("no", "plasma", longest))
    bedside.open_trial(replace(bedside.fluids, arms=arms))
    made = make(bedside, first_no=995)
    write_pages(tmp_path / "pages", made.sealed, made.pages)

    assert {page.arm for page in made.pages} == {arm.name for arm in arms}
    pages = (tmp_path / "pages").glob("page-*.txt")
    assert len({page.stat().st_size for page in pages}) == 1
    if longest.startswith("d"):
        return
    fewer = replace(made.sealed, ratio=(("no", 1), ("plasma", 1)))
    short = tuple(page for page in made.pages if page.arm != longest)
    write_pages(tmp_path / "fewer", fewer, short)
    pages = tmp_path.glob("*/page-*.txt")
    assert len({page.stat().st_size for page in pages}) == 1


@pytest.mark.parametrize("text", ["[1]", "list: x\nopened: []\n", "a: [", "{}"])
def test_a_file_that_tells_no_pages_is_refused_without_repeating_it(tmp_path, text):
    file = tmp_path / "opened.yaml"
    file.write_text(text)
    with pytest.raises(InputError):
        read_opened(file)
    with pytest.raises(SettingsError):
        read_opened(tmp_path / "gone.yaml")
