"""The same made-up patient as HL7 v2 and as FHIR, in any order, folds to one timeline."""

import random
from datetime import UTC, datetime

import pytest
import yaml
from integration.intake.one_patient import as_fhir, as_hl7v2
from integration.intake.one_patient.story import expected, facts

from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Infusion


NAMES = Pseudonyms("one-patient", {1: bytes(range(32))})
AFTERWARDS = datetime(2150, 4, 1, tzinfo=UTC)
FORMS = {
    "hl7v2": (as_hl7v2.SITE, as_hl7v2.messages, Hl7Translator),
    "fhir": (as_fhir.SITE, as_fhir.resources, FhirTranslator),
}


def translated(form, shuffled=None, **of_the_site):
    written, payloads, translator_of = FORMS[form]
    site = SiteConfiguration.model_validate({**yaml.safe_load(written), **of_the_site})
    translator = translator_of(site, CodeMap(site), NAMES)
    sent = payloads()
    if shuffled is not None:
        sent = sent * 2
        random.Random(shuffled).shuffle(sent)
    told = [translator.translate(one, received_at=AFTERWARDS) for one in sent]
    if form == "fhir":
        told += translator.finish(received_at=AFTERWARDS)
    return told


def folded(told):
    timeline = Timeline()
    for translation in told:
        for one in translation.told:
            for event in one.events:
                timeline.apply(event, translation.name)
    return timeline


@pytest.mark.parametrize("form", FORMS)
def test_folds_to_the_story(form):
    told = translated(form)

    assert {one.outcome for one in told} == {"mapped"}
    assert not [fault for one in told for fault in one.faults]
    assert not [code for one in told for code in one.unmapped]
    assert facts(folded(told)) == expected(form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(8))
def test_order_and_duplicates_do_not_matter(form, seed):
    assert facts(folded(translated(form, seed))) == expected(form)


@pytest.mark.parametrize("form", FORMS)
def test_is_one_patient_and_no_identifier_is_left(form):
    told = translated(form)

    assert len({one.patient for each in told for one in each.told}) == 1
    said = repr([(each.told, each.faults, each.unmapped) for each in told])
    planted = ("00077", "00881", "Testperson", "Erika", "Made Up Road", "5550100")
    assert not [word for word in planted if word in said]


@pytest.mark.parametrize("form", FORMS)
def test_a_rate_of_the_salt_is_unknown_and_none_is_none(form):
    told = translated(form, vasoactives={"norepinephrine": "salt"})

    rates = {
        (event.phase, event.rate)
        for each in told
        for one in each.told
        for event in one.events
        if isinstance(event, Infusion)
    }
    assert rates <= {
        ("started", None),
        ("changed", None),
        ("stopped", None),
        ("stopped", 0.0),
    }
    assert ("started", None) in rates


def test_both_name_one_patient_alike():
    """Where the site says that the authorities are one."""
    one_authority = {"authorities": ["ONE"], "authority_names": {"urn:one": "ONE"}}
    names = set()
    for form, (written, _, _) in FORMS.items():
        site = SiteConfiguration.model_validate(
            {**yaml.safe_load(written), **one_authority}
        )
        translator = FORMS[form][2](site, CodeMap(site), NAMES)
        for payload in FORMS[form][1]():
            told = translator.translate(payload, received_at=AFTERWARDS).told
            names |= {one.patient for one in told}
    assert len(names) == 1
