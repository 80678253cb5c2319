"""What the registry does a second, on PostgreSQL.

    python tests/bench/registry.py [--json] [--sites 1,4,16] [--clients 50]
        [--signers 2] [--number 3000] [--screenings 20000] [--revisions 2] [--large 100000x10]

| figure | what is measured |
| --- | --- |
| `randomisations` | whole allocations a second, by signers' processes, which clients ask over their sockets, each site with one stratum; and what one costs them of a core, which is their ceiling where the machine has cores to spare |
| `screenings` | revisions of verdicts a second, recorded in batches of 500 |
| `audit` | rows of one chain verified a second, with the records they speak of |
| `large` | the 50th and 95th percentile of worklists and flow, now and at past moments |

Clients are threads of other processes than the signers.  All share this machine's
cores with PostgreSQL, so the figure is of the machine and not of the signer alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles


TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from large_registry import large_registry, measured  # noqa: E402
from servers.postgres import postgres  # noqa: E402
from servers.signer import signer_house  # noqa: E402

from registry.domain.consent import ConsentBasis, ConsentState  # noqa: E402
from registry.domain.mode import Mode  # noqa: E402
from registry.domain.protocol import ArmDesign, DomainDesign  # noqa: E402
from registry.domain.randomisation.methods import PermutedBlocks  # noqa: E402
from registry.domain.randomisation.signer import KeyedSigner  # noqa: E402
from registry.signing.client import SignerClient  # noqa: E402
from registry.store.unit_of_work import Registry, open_registry  # noqa: E402
from registry.usecases.activate_protocol import (  # noqa: E402
    ActivateProtocol,
    activate_protocol,
)
from registry.usecases.randomise import Randomise, Randomised  # noqa: E402
from registry.usecases.record_batch import RecordBatch, record_batch  # noqa: E402
from registry.usecases.record_consent import (  # noqa: E402
    RecordConsent,
    record_consent,
)
from registry.usecases.set_green_light import (  # noqa: E402
    SetGreenLight,
    set_green_light,
)
from registry.usecases.set_mode import SetMode, set_mode  # noqa: E402
from registry.usecases.verify_audit import verify_audit  # noqa: E402
from streams.vocabulary.ids import revision_identity, screening_identity  # noqa: E402
from streams.vocabulary.messages import CriterionVerdict, TrialScreening  # noqa: E402


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = bytes(range(32))
PROCESSES = 2
BATCH = 500
DOMAIN = DomainDesign(
    domain="fluids",
    arms=(ArmDesign("restrictive"), ArmDesign("standard")),
    method=PermutedBlocks((2, 3)),
)


def open_trial(registry: Registry, sites: Iterable[str]) -> None:
    with registry.transaction() as uow:
        set_mode(SetMode(mode=Mode.LIVE, reason="bench", actor="bench", at=NOON), uow)
        activate_protocol(
            ActivateProtocol(
                trial="TIDE",
                version="1.0",
                protocol_hash="hash-1",
                document=json.dumps({"evidence": "verified"}),
                domains=(DOMAIN,),
                actor="bench",
                at=NOON,
            ),
            uow,
            signer=KeyedSigner({"TIDE": KEY}),
        )
        for site in sites:
            light = SetGreenLight(
                trial="TIDE",
                site=site,
                given=True,
                reason="bench",
                actor="bench",
                at=NOON,
            )
            set_green_light(light, uow)


def verdict(site: str, patient: str, revision: int = 0) -> TrialScreening:
    screening_id = screening_identity(
        site=site, patient=patient, trial="TIDE", domain="fluids", episode="e1"
    )
    return TrialScreening(
        message_id=revision_identity(screening_id, revision),
        site=site,
        patient=patient,
        happened_at=NOON,
        known_at=NOON + timedelta(minutes=revision),
        source="screen",
        provenance="live",
        screening_id=screening_id,
        revision=revision,
        status="eligible",
        trial="TIDE",
        domain="fluids",
        episode="e1",
        protocol_version="1.0",
        protocol_hash="hash-1",
        software_version="0.1.0",
        definition_version="1",
        anchor="onset.known_at",
        anchor_at=NOON,
        deadline=NOON + timedelta(hours=6),
        window_open=True,
        stratum=(("site", site),),
        covariates=(("age", "71"),),
        criteria=tuple(
            CriterionVerdict(criterion_id=f"c{n}", role="inclusion", truth="TRUE")
            for n in range(12)
        ),
    )


def command(site: str, patient: str) -> Randomise:
    return Randomise(
        idempotency_key=f"{site}/{patient}",
        site=site,
        patient=patient,
        trial="TIDE",
        domain="fluids",
        episode="e1",
        actor="doctor",
        at=NOON + timedelta(hours=1),
    )


def hear(registry: Registry, messages: list[TrialScreening]) -> float:
    """Seconds to record them, a transaction a batch."""
    began = time.perf_counter()
    for first in range(0, len(messages), BATCH):
        with registry.transaction() as uow:
            part = tuple(messages[first : first + BATCH])
            record_batch(RecordBatch(messages=part, recorded_at=NOON), uow)
    return time.perf_counter() - began


def enrol(registry: Registry, people: list[tuple[str, str]]) -> None:
    """Everybody consents; many in a transaction, for this is not what is measured."""
    for first in range(0, len(people), BATCH):
        with registry.transaction() as uow:
            for site, patient in people[first : first + BATCH]:
                record_consent(consent(site, patient), uow)


def consent(site: str, patient: str) -> RecordConsent:
    return RecordConsent(
        trial="TIDE",
        site=site,
        patient=patient,
        episode="e1",
        state=ConsentState.GIVEN,
        basis=ConsentBasis.WRITTEN,
        decided_at=NOON,
        actor="nurse",
        at=NOON,
    )


def one_process(socket: str, share: list[list[str]], threads: int) -> None:
    """A process of clients: begins at a line of its input, tells how many it got."""
    client = SignerClient(*map(Path, socket.split(":")), seconds=120)
    client.commitment("TIDE")
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(threads) as pool:
        got = list(pool.map(lambda who: client.randomise(command(*who)), share))
    print(sum(isinstance(one, Randomised) and not one.repeated for one in got))


def randomisations(
    server, *, sites: int, clients: int, number: int, signers: int
) -> dict:
    people = [(f"S{n % sites}", f"p{n}") for n in range(number)]
    with ExitStack() as held:
        house = held.enter_context(signer_house(server, keys={"TIDE": KEY}))
        registry = open_registry(house.app_url)
        held.callback(registry.close)
        open_trial(registry, sorted({site for site, _ in people}))
        hear(registry, [verdict(*who) for who in people])
        enrol(registry, people)
        sockets = [str(house.folder / f"{n}.sock") for n in range(signers)]
        running = [house.start(EMBER_SIGNER=socket) for socket in sockets]
        crowd = [
            subprocess.Popen(
                [sys.executable, __file__, "--process", ":".join(sockets)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONPATH": str(TESTS.parent)},
            )
            for _ in range(PROCESSES)
        ]
        for index, process in enumerate(crowd):
            share = {"threads": clients // PROCESSES, "who": people[index::PROCESSES]}
            process.stdin.write(json.dumps(share) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "ready\n"
        busy = sum(_cpu_seconds(signer.pid) for signer in running)
        began = time.perf_counter()
        for process in crowd:
            process.stdin.write("go\n")
            process.stdin.flush()
        done = sum(int(process.stdout.readline()) for process in crowd)
        took = time.perf_counter() - began
        busy = sum(_cpu_seconds(signer.pid) for signer in running) - busy
        for process in crowd:
            process.wait()
        with registry.reading() as views:
            (flow,) = views.flow()
        assert done == flow.randomised == number
        began = time.perf_counter()
        with registry.inspection() as uow:
            reports = verify_audit(uow)
        verified = time.perf_counter() - began
        assert not any(report.break_ for report in reports)
        rows = sum(report.rows for report in reports)
    return {
        "sites": sites,
        "clients": clients,
        "signers": signers,
        "allocated": number,
        "randomisations_per_s": round(number / took),
        "signer_cpu_ms_each": round(busy / number * 1_000, 2),
        "audit_rows_per_s": round(rows / verified),
    }


def _cpu_seconds(pid: int) -> float:
    """What the process has used of its cores (Linux)."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def queries(server, *, screenings: int, revisions: int) -> dict:
    """Recording so many revisions, and what it then takes to ask for them."""
    with server.database() as url:
        registry = open_registry(url)
        open_trial(registry, ["A"])
        took = 0.0
        for revision in range(revisions):
            for first in range(0, screenings, 20 * BATCH):
                last = min(first + 20 * BATCH, screenings)
                told = [verdict("A", f"p{n}", revision) for n in range(first, last)]
                took += hear(registry, told)
        with registry.reading() as views:
            worklist = _times(lambda n: views.screenings(site="A", patient=f"p{n}"), 40)
            flow = _times(lambda _: views.flow("TIDE"), 20)
        registry.close()
    total = screenings * revisions
    return {
        "screenings": screenings,
        "revisions": total,
        "screening_upserts_per_s": round(total / took),
        "patient_ms_p50_p95": worklist,
        "flow_ms_p50_p95": flow,
    }


def large(*, screenings: int, revisions: int, rounds: int) -> dict:
    """Worklists and flow of a large registry, which is kept for another run."""
    example = replace(
        verdict("@h", "@p"),
        message_id="@m",
        screening_id="@s",
        protocol_hash="0" * 64,
        criteria=tuple(
            CriterionVerdict(
                criterion_id=f"c{n}", role="inclusion", truth="UNKNOWN", human=n < 2
            )
            for n in range(12)
        ),
        status="needs_human",
    )
    with large_registry(screenings, revisions, example) as (url, told):
        return {"screenings": screenings, **told, **measured(url, rounds)}


def _times(ask, rounds: int) -> list[float]:
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        ask(number)
        taken.append((time.perf_counter() - began) * 1_000)
    cuts = quantiles(taken, n=20)
    return [round(cuts[9], 1), round(cuts[18], 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sites", default="1,4,16")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--signers", type=int, default=2, help="processes that draw")
    parser.add_argument("--number", type=int, default=3_000)
    parser.add_argument("--screenings", type=int, default=20_000)
    parser.add_argument("--revisions", type=int, default=2)
    parser.add_argument(
        "--large", default="100000x10", help="screenings x revisions each; 0: none"
    )
    parser.add_argument("--rounds", type=int, default=20, help="of each query")
    parser.add_argument("--process", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.process:
        share = json.loads(sys.stdin.readline())
        one_process(given.process, share["who"], share["threads"])
        return
    if given.large != "0":
        screenings, revisions = map(int, given.large.split("x"))
        told = large(screenings=screenings, revisions=revisions, rounds=given.rounds)
        _tell(given.json, "large", told)
    if given.sites == "0" and not given.screenings:
        return
    session = postgres.__wrapped__()
    server = next(session)
    try:
        for sites in filter(None, map(int, given.sites.split(","))):
            _tell(
                given.json,
                "randomisations",
                randomisations(
                    server,
                    sites=sites,
                    clients=given.clients,
                    number=given.number,
                    signers=given.signers,
                ),
            )
        if given.screenings:
            told = queries(
                server, screenings=given.screenings, revisions=given.revisions
            )
            _tell(given.json, "screenings", told)
    finally:
        session.close()


def _tell(as_json: bool, what: str, figures: dict) -> None:
    load = round(os.getloadavg()[0], 1)
    told = {"bench": what, **figures, "cores": os.cpu_count(), "load": load}
    if as_json:
        print(json.dumps(told), flush=True)
        return
    print(what, *(f"{name} {value}" for name, value in told.items()), sep="\n  ")


if __name__ == "__main__":
    main()
