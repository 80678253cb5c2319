"""What the pages say is what the code does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from registry.app.published import published_schemas
from registry.app.settings import SETTINGS
from streams.adapters.fhir.mimic_iv import KNOWN_AT_RULES as ON_FHIR
from streams.adapters.mimic_iv.known_at import KNOWN_AT_RULES
from streams.vocabulary.errors import ErrorCode


ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "deploy/docs"


def test_every_error_code_is_documented_and_no_other():
    told = re.findall(
        r"^\| (EMB-\d{3}) ", (DOCS / "errors.md").read_text(), re.MULTILINE
    )
    assert told == sorted(code.value for code in ErrorCode)


def test_every_error_code_is_used():
    code = "\n".join(
        path.read_text()
        for package in ("streams", "registry", "migrations")
        for path in (ROOT / package).rglob("*.py")
    )
    assert not [c.name for c in ErrorCode if f"ErrorCode.{c.name}" not in code]


def test_every_setting_is_documented():
    page = (DOCS / "settings.md").read_text()
    assert not [s.variable for s in SETTINGS if f"| `{s.variable}` |" not in page]


def test_every_variable_that_is_read_is_a_setting():
    read = {
        name
        for package in ("streams", "registry", "migrations")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r"EMBER_[A-Z_]+", path.read_text())
    }
    assert read == {s.variable for s in SETTINGS}


def test_the_rules_of_known_at_are_written_down():
    page = (DOCS / "mimic_iv.md").read_text()
    rows = [f"| `{table}` | {rule} |" for table, rule in KNOWN_AT_RULES.items()]
    assert not [row for row in rows if row not in page]


def test_the_rules_of_known_at_on_fhir_are_written_down():
    page = (DOCS / "fhir.md").read_text()
    rows = [f"| {resource} | {rule} |" for resource, rule in ON_FHIR.items()]
    assert not [row for row in rows if row not in page]


def test_the_published_schemas_are_current(tmp_path):
    ember = Path(sys.executable).with_name("ember")
    subprocess.run([ember, "schemas", "--out", tmp_path], check=True, env=os.environ)
    published = {p.name: p.read_bytes() for p in (ROOT / "deploy/schemas").iterdir()}
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == published
    named = {*published_schemas(), "asyncapi"}
    assert set(published) == {f"{name}.json" for name in named}


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: p.name)
def test_no_link_of_a_page_is_dead(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_readme_is_short_and_its_links_live():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) < 80
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert not [link for link in links if not (ROOT / link).exists()]


def test_every_decision_names_the_test_that_holds_it():
    for page in (DOCS / "decisions").glob("*.md"):
        held = re.findall(r"`(tests/[\w/.]+)`", page.read_text())
        assert held, page.name
        assert not [path for path in held if not (ROOT / path).exists()], page.name
