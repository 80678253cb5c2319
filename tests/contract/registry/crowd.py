"""Eight processes of six threads each, let loose on one stratum; prints what each got.

    crowd.py direct URL KEY | crowd.py socket PATH...

`direct` draws in each process, as one does that has the file; `socket` asks the signer.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from registry.domain.randomisation.signer import KeyedSigner
from registry.signing.client import SignerClient
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomise, randomise


PROCESSES, THREADS = 8, 6


def command(patient):
    return Randomise(
        idempotency_key=f"request-TIDE-{patient}-fluids",
        site="A",
        patient=patient,
        trial="TIDE",
        domain="fluids",
        episode="e1",
        actor="doctor",
        at=datetime(2026, 3, 1, 13, tzinfo=UTC),
    )


@contextmanager
def asking(how, *words):
    if how == "socket":
        client = SignerClient(*map(Path, words), seconds=120)
        yield client.randomise
        client.close()
        return
    where, key = words
    registry, signer = open_registry(where), KeyedSigner({"TIDE": bytes.fromhex(key)})

    def ask(told):
        with registry.transaction() as uow:
            return randomise(told, uow, signer=signer)

    yield ask
    registry.close()


def one_process(number, words, out):
    patients = [f"p{number * THREADS + index}" for index in range(THREADS)]
    with asking(*words) as ask, ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(lambda patient: ask(command(patient)), patients))
    # One write, shorter than a pipe takes at once: lines do not mix.
    os.write(out, b"".join(told(result) for result in got))


def told(result):
    return json.dumps([result.sequence_no, result.arm]).encode() + b"\n"


def main(words):
    children = []
    for number in range(PROCESSES):
        child = os.fork()
        if not child:
            one_process(number, words, sys.stdout.fileno())
            os._exit(0)
        children.append(child)
    return any(os.waitpid(child, 0)[1] for child in children)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
