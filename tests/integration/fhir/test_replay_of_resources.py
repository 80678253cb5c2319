"""`ember replay --source fhir`: an export's files as history.

The synthetic hospital writes its patients as resources; the flags are those of the
same patients told in Ember's own messages.
"""

import json
import os
import subprocess
from datetime import timedelta
from itertools import islice

import yaml
from integration.live.house import EMBER, RULES
from sqlalchemy import create_engine, text

from registry.store.engine import database_url
from streams.pipeline.patient import advance
from streams.pipeline.state import PatientState
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import patients, record
from streams.simulate.writers.codebook import site_document
from streams.simulate.writers.fhir import FhirWriter
from streams.simulate.writers.written import Spoken
from streams.vocabulary.messages import SepsisOnset


CONFIG = HospitalConfig(seed=3, sepsis_share=0.6, duration=timedelta(days=2))
PEOPLE = 3


def told(messages):
    """Who is flagged for Sepsis-3, when Ember is told in its own messages."""
    flagged = set()
    for one in messages:
        state = PatientState(site=one[0].site, patient=one[0].patient)
        for message in one:
            for said in advance(state, (message,), RULES):
                if isinstance(said, SepsisOnset) and said.status != "withdrawn":
                    flagged.add(said.patient)
    return flagged


def test_the_flags_of_an_export_are_those_of_the_patients(tmp_path):
    people = [
        list(record(CONFIG, admitted)) for admitted in islice(patients(CONFIG), PEOPLE)
    ]
    folder = tmp_path / "export"
    folder.mkdir()
    for number, messages in enumerate(people):
        writer = FhirWriter(Spoken(messages))
        lines = [line for one in messages for line in writer.write(one).payloads]
        (folder / f"{number}.ndjson").write_bytes(b"\n".join(reversed(lines)))
    site = tmp_path / "site.yaml"
    site.write_text(yaml.safe_dump(site_document(CONFIG.site)))
    url = f"sqlite:///{tmp_path}/r.sqlite"
    done = subprocess.run(
        [
            *(EMBER, "replay", "--source", "fhir", "--path", str(folder)),
            *("--site", str(site), "--registry", url, "--json"),
        ],
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    engine = create_engine(database_url(url))
    with engine.connect() as connection:
        query = (
            "SELECT DISTINCT patient FROM onset_revision WHERE status != 'withdrawn'"
        )
        found = set(connection.scalars(text(query)))
    engine.dispose()
    assert found == told(people)
    assert found
