"""Without Kafka: identifiers and letters lie beside the facts, and go in again."""

import asyncio
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO

import pytest
from integration.listen.story import WORDS, septic

from registry.app.commands.identity import find
from registry.app.commands.rejected import list_letters, retry, show
from registry.app.commands.replay import replay
from registry.app.embedded import EmbeddedRunner
from registry.app.following import Follower
from registry.app.keeping import Keeping
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from streams.adapters.identity.sealing import place_of
from streams.app.identity import payload_sealer, vault_sealer
from streams.app.listen.spool import SPOOL, Spool
from streams.app.listen.store import RawMessage
from streams.app.readers import readers_of
from streams.pipeline.patient import Rules
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import HL7V2, RAW, SEALED


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = Rules(software_version="test")
ODD = (
    b"MSH|^~\\&|LAB|GENERAL|||20260301120000||ORU^R01|77|P|2.5.1\r"
    b"PID|1||MRN88142^^^GENERAL^MR||ROSSI^AMALIA||19540302|F\r"
    b"OBR|1||F1|2524-7^Lactate^LN|||20260301115500\r"
    b"OBX|1|NM|2160-0^Creatinine^LN||1.1|mg/dL|||||F\r"
    b"OBX|2|NM|2524-7^Lactate^LN||4.1|spoons|||||F\r"
)


class Clock:
    """Shows what it is told."""

    def __init__(self, at=NOON):
        self.at = at

    def now(self):
        return self.at


class Ward:
    """A site with its keys, its spool, its registry and its follower."""

    def __init__(self, folder, monkeypatch, keys=("IDENTITY", "PAYLOAD", "VAULT")):
        self.folder, self.url = folder, f"sqlite:///{folder}/r.sqlite"
        self.clock = Clock()
        environ = {
            "EMBER_SITE": str(folder / "site.yaml"),
            "EMBER_LISTENER_DIR": str(folder),
            "EMBER_REGISTRY": self.url,
        }
        self.configured()
        for name in keys:
            file = folder / name.lower()
            file.write_bytes(b64encode(name.encode() * 8))
            file.chmod(0o600)
            environ[f"EMBER_{name}_KEYS"] = f"1:{file}"
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        self.environ = environ
        migrate(self.url)
        self.spool = Spool(folder / SPOOL, self._seal() if "PAYLOAD" in keys else None)
        self.spool.open()

    def configured(self, *more):
        (self.folder / "site.yaml").write_text(
            "\n".join(("site: ward", "zone: UTC", *more))
        )

    def _seal(self):
        sealer = payload_sealer(self.environ)
        return lambda payload: sealer.seal(payload, place_of("ward", RAW))

    def received(self, *messages):
        """What a listener spooled."""

        async def kept():
            for one in messages:
                await (
                    await self.spool.keep(
                        RawMessage(
                            payload=one,
                            key=b"k",
                            sender="LAB|GENERAL",
                            control_id="77",
                            received_at=self.clock.at,
                            digest=sha256(one).digest(),
                        )
                    )
                )

        asyncio.run(kept())

    def followed(self, spool=None):
        """One life of the follower: it reads what is there and ends; its fault."""
        faults = []
        with closing(open_registry(self.url)) as book:
            keeping = Keeping(vault_sealer(self.environ))
            runner = EmbeddedRunner(
                book,
                RULES,
                source="ward/hl7v2",
                fingerprint="live",
                clock=self.clock,
                keeping=keeping,
            )
            form = HL7V2 if self.spool.seal is None else HL7V2 + SEALED
            follower = Follower(
                spool=spool or self.spool,
                form=form,
                reader=readers_of(self.environ)[form],
                runner=runner,
                book=book,
                keeping=keeping,
                clock=self.clock,
                fatal=faults.append,
            )
            follower.start()
            follower.stop()
        return faults

    def letters(self, *, waiting=True):
        with closing(open_registry(self.url)) as book, book.inspection() as uow:
            return uow.letters.listing(code=None, waiting=waiting, limit=100)

    def events(self):
        with closing(open_registry(self.url)) as book, book.inspection() as uow:
            return [
                one
                for site, patient in uow.stream.patients()
                for one in uow.stream.archived(site, patient)
                if one.event.kind == "measurement"
            ]


@pytest.fixture
def ward(tmp_path, monkeypatch):
    return Ward(tmp_path, monkeypatch)


def found(value, monkeypatch, capsys, authority="GENERAL"):
    """What `ember identity find` prints of a typed identifier."""
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", StringIO(f"{value}\n"))
    find(reason="a test", actor="me", authority=authority, registry=None)
    return capsys.readouterr().out.split()


def test_who_was_heard_is_found_in_the_vault_and_nowhere_in_plain(
    ward, monkeypatch, capsys
):
    ward.received(*septic(NOON), ODD)
    assert ward.followed() == []
    site, pseudonym = found("MRN88142", monkeypatch, capsys)
    assert (site, pseudonym) == ("ward", ward.events()[0].patient)
    raw = b"".join(f.read_bytes() for f in ward.folder.glob("r.sqlite*"))
    assert [word for word in WORDS if word.encode() in raw] == []


def test_a_letter_is_listed_opened_and_sent_to_the_spool_once_the_map_is_mended(
    ward, capsysbinary
):
    ward.received(ODD)
    ward.followed()
    (letter,) = ward.letters()
    assert (letter.code, letter.form) == ("EMB-107", HL7V2 + SEALED)
    assert [e.event.concept for e in ward.events()] == ["creatinine"]

    show(letter=letter.message_id[:8], actor="me", registry=None)
    assert capsysbinary.readouterr().out == ODD

    ward.configured("units: {spoons: mmol/L}")
    ward.clock.at = NOON + timedelta(days=1)
    retry(actor="me", letter=letter.message_id, registry=None)
    assert ward.letters() == ()
    assert ward.followed() == []

    assert ward.letters() == ()
    creatinine, lactate = sorted(ward.events(), key=lambda one: one.event.concept)[-2:]
    assert (creatinine.event.concept, lactate.event.concept) == (
        "creatinine",
        "lactate",
    )
    assert lactate.event.known_at > NOON  # nobody could have acted on it before
    assert len(ward.letters(waiting=False)) == 1


def test_what_is_rejected_again_is_another_letter(ward):
    ward.received(ODD)
    ward.followed()
    (letter,) = ward.letters()
    retry(actor="me", letter=letter.message_id, registry=None)
    ward.followed()
    (again,) = ward.letters()
    assert again.message_id != letter.message_id
    assert again.headers["ember-digest"] == letter.headers["ember-digest"]
    assert len({e.event.event_id for e in ward.events()}) == 1


def test_without_a_spool_nothing_is_noted_as_sent(ward, monkeypatch):
    ward.received(ODD)
    ward.followed()
    monkeypatch.setenv("EMBER_LISTENER_DIR", str(ward.folder / "elsewhere"))
    with pytest.raises(SettingsError) as refused:
        retry(actor="me", everything=True, registry=None)
    assert refused.value.code is ErrorCode.PATH_NOT_FOUND
    assert [one.retries for one in ward.letters()] == [0]


def test_a_death_between_registry_and_spool_leaves_everything_once(ward):
    class Dying(Spool):
        """Ends the follower when it should note what was read."""

        def mark(self, read):
            raise RuntimeError(len(read))

    ward.received(*septic(NOON), ODD)
    assert len(ward.followed(Dying(ward.spool.path, ward.spool.seal))) == 1
    before = len(ward.events()), ward.letters()
    assert before[1]
    ward.followed()
    assert (len(ward.events()), ward.letters()) == before


def test_what_lies_open_is_told(tmp_path, monkeypatch, capsys):
    ward = Ward(tmp_path, monkeypatch, keys=("IDENTITY",))
    ward.received(ODD)
    ward.followed()
    list_letters(registry=None)
    told = capsys.readouterr()
    assert "1 of them hold a message as it came" in told.err
    assert [word for word in WORDS if word in told.out + told.err] == []


def test_a_replay_of_files_keeps_identifiers_and_letters(ward, monkeypatch, capsys):
    files = ward.folder / "sent"
    files.mkdir()
    for number, message in enumerate([*septic(NOON), ODD]):
        (files / f"{number}.hl7").write_bytes(message)
    for _ in "12":
        replay(path=files, source="hl7v2", registry=ward.url)
    assert found("MRN88142", monkeypatch, capsys)[0] == "ward"
    (letter,) = ward.letters()
    assert (letter.place, letter.code) == ("replay/hl7v2/0/6", "EMB-107")
    capsys.readouterr()
    with pytest.raises(Exception, match="1"):
        retry(actor="me", everything=True, registry=None)
    assert "read from a file" in capsys.readouterr().err


def test_a_replay_of_tables_keeps_whom_its_rows_name(ward, monkeypatch, capsys):
    tables = ward.folder / "tables"
    tables.mkdir()
    (tables / "hours.csv").write_text(
        "mrn,at,hr\n"
        + "".join(f"MRN-{n % 3},2026-03-01T0{n}:00Z,9{n}\n" for n in range(9))
    )
    mapping = ward.folder / "mapping.yaml"
    mapping.write_text(
        "{mapping: 1, source: hours, authority: MR, tables: [{table: hours, "
        "patient: mrn, at: at, columns: {hr: {concept: heart_rate, unit: /min}}}]}"
    )
    replay(path=tables, source="table", mapping=mapping, registry=ward.url)
    with closing(open_registry(ward.url)) as book, book.inspection() as uow:
        known = {patient for _, patient in uow.stream.patients()}
        kept = {
            k.pseudonym
            for name in known
            for k in uow.vault.of(site="ward", pseudonym=name)
        }
    assert len(known) == 3
    assert kept == known
    assert found("MRN-2", monkeypatch, capsys, authority="MR")[1] in known
