"""A pharmacy of kits at the bedside, whose arms are known to the test alone."""

import random
from collections import Counter
from datetime import date

from registry.domain.kit import DEPOT, KitAct, KitLine, KitTerms, StockOut
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import Simple
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.import_kits import ImportKits, import_kits
from registry.usecases.move_kit import MoveKit, move_kits
from registry.usecases.replace_kit import ReplaceKit, replace_kit
from streams.vocabulary.clock import HOUR


ARMS = ("zephyr", "quartz")
TERMS = KitTerms(stock_out=StockOut.REFUSE, treatment_days=7)
DRUG = DomainDesign(
    domain="fluids",
    arms=tuple(map(ArmDesign, ARMS)),
    method=Simple(),
    blinded=True,
    kits=TERMS,
)
LATE = date(2027, 3, 31)


def lines(kits=20, seed=1, expires_on=LATE):
    """A list of both arms by chance."""
    rng = random.Random(seed)
    codes = rng.sample(range(100_000, 1_000_000), kits)
    held = [ARMS[n % 2] for n in range(kits)]
    rng.shuffle(held)
    return tuple(
        KitLine(kit=f"K{code}", arm=arm, lot="L1", expires_on=expires_on)
        for code, arm in zip(codes, held, strict=True)
    )


def three_arms(kits=30):
    """A list of three arms by chance."""
    rng = random.Random(5)
    held = [(*ARMS, "onyx")[n % 3] for n in range(kits)]
    rng.shuffle(held)
    codes = rng.sample(range(100_000, 1_000_000), kits)
    return tuple(
        KitLine(kit=f"K{code}", arm=arm, lot="L1", expires_on=LATE)
        for code, arm in zip(codes, held, strict=True)
    )


class Pharmacy:
    """The bedside's kits; arms are known to the test alone.

    `client`: how the signer is asked, where it alone may write what is done.
    """

    def __init__(self, bedside, listed=None, client=None):
        self.bedside = bedside
        self.client = client
        self.lines = lines() if listed is None else listed
        self.arm = {one.kit: one.arm for one in self.lines}

    @property
    def registry(self):
        return self.bedside.registry

    def import_(self, listed=None, at=None, **told):
        command = ImportKits(
            **{"trial": "TIDE", "domain": "fluids", **told},
            lines=self.lines if listed is None else listed,
            actor="supplier",
            at=at or self.bedside.noon,
        )
        return self._asked(import_kits, command, signer=self.bedside.signer)

    def open(self, design=DRUG):
        """The list, and a domain that gives its kits to the simulated."""
        self.import_()
        self.bedside.open_trial(design, mode=Mode.DEMO)
        return self

    def amend(self, *designs, **told):
        """Another version of the protocol, with these domains and no others."""
        command = self.bedside.protocol(*designs, **{"protocol_hash": "hash-2", **told})
        with self.registry.transaction() as uow:
            return activate_protocol(command, uow, signer=self.bedside.signer)

    def do(self, act, *kits, site="A", to=DEPOT, reason="a test", at=None):
        """The last of the kits as it stands since."""
        moves = [
            MoveKit(
                trial="TIDE",
                kit=kit,
                act=act,
                site=site,
                to=to,
                reason=reason,
                actor="pharmacist",
                at=at or self.bedside.noon,
            )
            for kit in kits
        ]
        return self._asked(move_kits, moves)[-1]

    def replace(self, kit, site="A"):
        command = ReplaceKit(
            trial="TIDE",
            kit=kit,
            site=site,
            reason="broken vial",
            actor="nurse",
            at=self.bedside.noon + HOUR,
        )
        return self._asked(replace_kit, command, signer=self.bedside.signer)

    def receive(self, *arms, of_each=None):
        """Kits of these arms come to the site; `of_each`: so many of each arm."""
        wanted = Counter(arms) if of_each is None else dict.fromkeys(ARMS, of_each)
        chosen = [
            kit
            for arm in wanted
            for kit in [k for k in self.arm if self.arm[k] == arm][: wanted[arm]]
        ]
        self.do(KitAct.RECEIVE, *chosen)
        return chosen

    def admit(self, *patients, **told):
        self.bedside.hear(
            *(self.bedside.verdict(p, provenance="simulated", **told) for p in patients)
        )
        for patient in patients:
            self.bedside.consent(patient)

    def kits(self):
        with self.registry.inspection() as uow:
            return {kit.kit: kit for kit in uow.kits.all_of("TIDE")}

    def sealed_arm(self, done):
        with self.registry.inspection() as uow:
            return uow.allocations.arm(done.randomisation_id)

    def _asked(self, act, command, **how):
        if self.client is not None:
            return getattr(self.client, act.__name__)(command)
        with self.registry.transaction() as uow:
            return act(command, uow, **how)
