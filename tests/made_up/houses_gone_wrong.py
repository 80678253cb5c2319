"""Two sites, two trials, and all that is blinded, deferred, rehearsed or gone wrong.

What belongs to a place carries it in its words, as in `two_houses`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date

from made_up.two_houses import (
    AT,
    BLINDED_ARMS,
    HOUR,
    OPEN_ARMS,
    PLACES,
    SIGNER,
    TRIALS,
    Houses,
    _verdict,
    patient,
    protocol,
)
from registry.domain.consent import ConsentBasis, ConsentState
from registry.domain.delegation import Duty
from registry.domain.kit import KitAct, KitLine, KitTerms, StockOut
from registry.domain.misrandomisation import Kind
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Adaptive, PermutedBlocks
from registry.domain.roles import Role
from registry.domain.unblinding import UnblindingNote, UnblindingReason
from registry.usecases.activate_protocol import ActivateProtocol, activate_protocol
from registry.usecases.break_blind import BlindIsBroken, BreakBlind, break_blind
from registry.usecases.enter_opening import EnterOpening, enter_opening
from registry.usecases.import_kits import ImportKits, KitsImported, import_kits
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.make_sealed_list import MakeSealedList, make_sealed_list
from registry.usecases.move_kit import MoveKit, move_kit
from registry.usecases.publish_vector import PublishVector, publish_vector
from registry.usecases.randomise import Randomise, Randomised, randomise
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.record_consent import RecordConsent, record_consent
from registry.usecases.record_misrandomisation import (
    MisrandomisationRecorded,
    RecordMisrandomisation,
    record_misrandomisation,
)
from registry.usecases.rehearse import RehearseDraw, rehearse_draw
from registry.usecases.reveal_arm import RevealArm, Revealed, reveal_arm
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from registry.usecases.set_mode import SetMode, set_mode


DEFERRED_ARMS, ADAPTIVE_ARMS = ("heron", "curlew"), ("merlin", "hobby")
SHARE = 0.8125
"""Of the first adaptive arm: no other number is like it."""


def _design(domain, arms, **more):
    usual = {"method": PermutedBlocks((2,)), **more}
    return DomainDesign(domain=domain, arms=tuple(map(ArmDesign, arms)), **usual)


DESIGNS = (
    _design("fluids", OPEN_ARMS),
    _design(
        "steroids",
        BLINDED_ARMS,
        blinded=True,
        kits=KitTerms(stock_out=StockOut.REFUSE, treatment_days=7),
    ),
    _design("care", DEFERRED_ARMS, deferred=True),
    _design(
        "drug",
        ADAPTIVE_ARMS,
        method=Adaptive(initial=tuple((arm, 500_000_000) for arm in ADAPTIVE_ARMS)),
    ),
)


@dataclass(frozen=True)
class HousesGoneWrong(Houses):
    """Built through the use cases alone; alike on both databases."""

    made: dict = field(default_factory=dict)
    """By site and trial, the sealed list with its pages."""

    def build(self):
        self._act(
            set_mode, SetMode(mode=Mode.DEMO, reason="a test", actor="admin", at=AT)
        )
        for trial in TRIALS:
            self._begin(trial)
        for site, trial in PLACES:
            self._staff(site, trial)
            for number in (1, 2, 3):
                self._take_in(site, trial, number)
            self._go_wrong(site, trial)
        self._hand_out()
        return self

    def _act(self, use_case, command, **more):
        with self.registry.transaction() as uow:
            return use_case(command, uow, **more)

    def _begin(self, trial):
        command = ActivateProtocol(
            trial=trial,
            version="1.0",
            protocol_hash="hash-1",
            document=protocol(trial).model_dump_json(),
            domains=DESIGNS,
            actor="sponsor",
            at=AT,
        )
        self._act(activate_protocol, command, signer=SIGNER)
        listed = ImportKits(
            trial=trial,
            domain="steroids",
            lines=kit_lines(trial),
            actor="supplier",
            at=AT,
        )
        assert isinstance(self._act(import_kits, listed, signer=SIGNER), KitsImported)
        published = PublishVector(
            trial=trial,
            domain="drug",
            stratum=None,
            analysis_id=f"interim-{trial}",
            data_cut=AT,
            p_best=None,
            shares={"merlin": SHARE, "hobby": 1 - SHARE},
            actor="statistician",
            at=AT,
        )
        self._act(publish_vector, published)

    def _staff(self, site, trial):
        light = SetGreenLight(
            trial=trial, site=site, given=True, reason="w", actor="s", at=AT
        )
        self._act(set_green_light, light)
        doctors = [f"doctor-{site}-{trial}"]
        if (site, trial) == ("A", "tide"):
            doctors.append(Role.INVESTIGATOR.value)
        for person in doctors:
            duty = AddDelegation(
                trial=trial,
                site=site,
                person=person,
                duties=(Duty.UNBLIND,),
                starts_at=AT,
                actor="principal",
                at=AT,
            )
            self._act(add_delegation, duty)
        for kit in received(site, trial):
            self._act(move_kit, _move(trial, kit, site, KitAct.RECEIVE))

    def _take_in(self, site, trial, number):
        who = patient(site, trial, number)
        told = tuple(_verdict(site, trial, who, d.domain) for d in DESIGNS[1:])
        self._act(record_batch, RecordBatch(messages=told, recorded_at=AT))
        consent = RecordConsent(
            trial=trial,
            site=site,
            patient=who,
            episode="e1",
            state=ConsentState.GIVEN,
            basis=ConsentBasis.WRITTEN,
            decided_at=AT,
            actor="nurse",
            at=AT,
        )
        self._act(record_consent, consent)
        for design in DESIGNS[1:] if number < 3 else ():
            asked = Randomise(
                idempotency_key=f"{trial}-{who}-{design.domain}",
                site=site,
                patient=who,
                trial=trial,
                domain=design.domain,
                episode="e1",
                actor="doctor",
                at=AT + HOUR,
            )
            done = self._act(randomise, asked, signer=SIGNER)
            assert isinstance(done, Randomised), done

    def _go_wrong(self, site, trial):
        first, second, third = (code(site, trial, n) for n in (1, 2, 3))
        revealed = RevealArm(
            trial=trial,
            domain="care",
            participant=first,
            reason=None,
            actor="doctor",
            at=AT + HOUR,
        )
        assert isinstance(self._act(reveal_arm, revealed), Revealed)
        broken = BreakBlind(
            participant=first,
            domain="steroids",
            reason=UnblindingReason.TREATMENT,
            note=UnblindingNote(words=note(site, trial), nonce="00"),
            actor=f"doctor-{site}-{trial}",
            sponsor_told=False,
            at=AT + HOUR,
        )
        with self.registry.transaction() as uow:
            assert isinstance(break_blind(broken, uow, None), BlindIsBroken)
        for domain, given in (("steroids", f"KIT-{site}-{trial}"), ("drug", "merlin")):
            wrong = RecordMisrandomisation(
                kind=Kind.WRONG_TREATMENT,
                participant=second,
                domain=domain,
                happened_at=AT,
                description=f"another-{site}-{trial}",
                received=given,
                actor="nurse",
                at=AT + HOUR,
            )
            done = self._act(record_misrandomisation, wrong)
            assert isinstance(done, MisrandomisationRecorded), done
        decoy = RehearseDraw(
            trial=trial, domain="steroids", site=site, actor="nurse", at=AT
        )
        self._act(rehearse_draw, decoy)
        self._open_a_page(site, trial, third)

    def _open_a_page(self, site, trial, participant):
        making = MakeSealedList(
            trial=trial,
            domain="care",
            site=site,
            first_no=901,
            count=2,
            key=bytes(range(90, 122)),
            actor="custodian",
            at=AT,
        )
        made = self.made[site, trial] = self._act(make_sealed_list, making)
        entered = self._act(enter_opening, opening(made, 901, participant))
        assert entered.opening


def note(site, trial):
    """Why a blind was broken, in words that name an arm."""
    return f"shock-{site}-{trial} after {BLINDED_ARMS[0]}"


def kit_lines(trial):
    """Codes in no order of the arms; each begins with its trial's letter."""
    rng = random.Random(trial)
    held = [BLINDED_ARMS[n % 2] for n in range(80)]
    rng.shuffle(held)
    numbers = rng.sample(range(100_000, 1_000_000), 80)
    return tuple(
        KitLine(
            kit=f"{trial[0].upper()}{number}",
            arm=arm,
            lot="L1",
            expires_on=date(2029, 3, 31),
        )
        for number, arm in zip(numbers, held, strict=True)
    )


def received(site, trial):
    """Codes of the kits that came to a site: eight of each arm."""
    place = slice(0, 8) if site == "A" else slice(8, 16)
    return [
        kit
        for arm in BLINDED_ARMS
        for kit in [one.kit for one in kit_lines(trial) if one.arm == arm][place]
    ]


def at_the_depot(trial):
    """Codes of kits that came to no site yet."""
    out = {kit for site in "AB" for kit in received(site, trial)}
    return [one.kit for one in kit_lines(trial) if one.kit not in out]


def code(site, trial, number):
    return f"{trial}-{site}-{number:04}"


def opening(made, envelope, participant):
    (page,) = (one for one in made.pages if one.envelope == envelope)
    return EnterOpening(
        list_id=made.sealed.list_id,
        envelope=envelope,
        participant=participant,
        opened_at=AT + HOUR,
        opened_by="night doctor",
        arm=page.arm,
        nonce=page.nonce,
        outage_from=AT,
        outage_until=AT + 2 * HOUR,
        actor="nurse",
        at=AT + 3 * HOUR,
    )


def _move(trial, kit, site, act):
    return MoveKit(
        trial=trial,
        kit=kit,
        act=act,
        site=site,
        reason=None,
        actor="pharmacist",
        at=AT,
    )
