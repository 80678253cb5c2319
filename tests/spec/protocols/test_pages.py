"""Every trial that ships has a page: what it asks, and what history would have shown."""

import re

import pytest
from spec.protocols.pages import FOLDER, told
from spec.protocols.shipped import REAL, protocol_of


def page_of(name):
    return (FOLDER / f"{name}.md").read_text("utf-8")


def test_the_pages_are_those_of_the_trials_that_ship():
    pages = {page.stem for page in FOLDER.glob("*.md")} - {"README"}
    assert pages == set(REAL)


@pytest.mark.parametrize("name", REAL)
def test_the_page_tells_what_the_document_asks(name):
    assert told(protocol_of(name)) in page_of(name)


@pytest.mark.parametrize("name", REAL)
def test_the_page_counts_every_criterion_over_the_demo_of_mimic_iv(name):
    """Attrition and gain for each domain; the figures themselves need the data."""
    history = page_of(name).partition("## Over the MIMIC-IV demo\n")[2]
    protocol = protocol_of(name)
    for domain in protocol.open_domains():
        of_domain = history.partition(f"### `{domain.id}`\n")[2].partition("\n##")[0]
        counted = set(re.findall(r"^\| (\w+) \|.*\d", of_domain, re.MULTILINE))
        lines = (*protocol.criteria, *domain.inclusion, *domain.exclusion)
        assert {line.id for line in lines} <= counted


@pytest.mark.parametrize("name", REAL)
def test_the_page_has_a_verdict_checked_by_hand(name):
    checked = page_of(name).partition("## One verdict checked by hand\n")[2]
    assert len(checked.split()) > 40


def test_the_list_of_trials_links_every_page():
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert not [name for name in REAL if f"]({name}.md)" not in listed]
