"""Section ids of the ICH M11 protocol template, as adopted on 19 November 2025 (step 4).

Only the numbers are the template's; what a section is about is said in our own words.
Levels one and two are fixed by the template, and so are the level-three sections that
eligibility, allocation and biomarkers need; a sponsor's own deeper sections are not
listed, and their parent is named instead.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.quantities import protocol_fault


SECTIONS = {
    "1": "the protocol in short",
    "1.1": "synopsis",
    "1.1.1": "primary and secondary objectives in short",
    "1.1.2": "design in short",
    "1.2": "schema of the trial",
    "1.3": "schedule of activities",
    "2": "introduction",
    "2.1": "what the trial is for",
    "2.2": "risks and benefits",
    "3": "objectives and estimands",
    "3.1": "primary objectives",
    "3.2": "secondary objectives",
    "3.3": "exploratory objectives",
    "4": "design",
    "4.1": "the design described",
    "4.2": "why this design",
    "4.2.5": "why an adaptive or novel design",
    "4.3": "rules for stopping the trial",
    "4.4": "when the trial begins and ends",
    "4.5": "the intervention after the trial",
    "5": "population",
    "5.1": "the population, and why this one",
    "5.2": "inclusion criteria",
    "5.3": "exclusion criteria",
    "5.4": "contraception",
    "5.4.1": "who can become pregnant",
    "5.4.2": "what contraception is required",
    "5.5": "restrictions of daily life",
    "5.6": "screening failure and screening again",
    "6": "interventions and concomitant therapy",
    "6.1": "the investigational intervention",
    "6.2": "why this dose and regimen",
    "6.3": "how it is given",
    "6.4": "changes of the dose",
    "6.5": "overdose",
    "6.6": "preparation, storage, accounting",
    "6.7": "assignment, randomisation, blinding",
    "6.7.1": "how participants are assigned",
    "6.7.2": "randomisation",
    "6.7.3": "keeping the blind",
    "6.7.4": "emergency unblinding at the site",
    "6.8": "adherence",
    "6.9": "interventions that are not investigated",
    "6.10": "concomitant therapy",
    "6.10.1": "concomitant therapy that is prohibited",
    "6.10.2": "concomitant therapy that is permitted",
    "7": "stopping the intervention, leaving the trial",
    "7.1": "stopping the intervention in one participant",
    "7.2": "leaving the trial",
    "7.3": "loss to follow-up",
    "8": "assessments and procedures",
    "8.1": "what bears on all assessments",
    "8.2": "screening and baseline",
    "8.3": "efficacy",
    "8.4": "safety",
    "8.5": "pharmacokinetics",
    "8.6": "biomarkers",
    "8.6.1": "genes and their expression",
    "8.6.2": "pharmacodynamic biomarkers",
    "8.6.3": "other biomarkers",
    "8.7": "immunogenicity",
    "8.8": "resource use and health economics",
    "9": "adverse events and special safety situations",
    "9.1": "definitions of adverse events",
    "9.2": "their collection and reporting",
    "9.3": "pregnancy and the time after it",
    "9.4": "special safety situations",
    "10": "statistics",
    "10.1": "general statistical considerations",
    "10.2": "analysis sets",
    "10.3": "analyses of the baseline",
    "10.4": "analyses of primary objectives",
    "10.5": "analyses of secondary objectives",
    "10.6": "analyses of exploratory objectives",
    "10.7": "analyses of safety",
    "10.8": "other analyses",
    "10.9": "interim analyses",
    "10.10": "multiplicity",
    "10.11": "sample size",
    "11": "oversight",
    "11.1": "regulation and ethics",
    "11.2": "oversight of the trial",
    "11.3": "informed consent",
    "11.4": "committees",
    "11.5": "insurance",
    "11.6": "quality by risk",
    "11.7": "data governance",
    "11.8": "data protection",
    "11.9": "source records",
    "11.10": "deviations from the protocol",
    "11.11": "early closure of a site",
    "11.12": "dissemination",
    "12": "appendix: details",
    "12.1": "laboratory tests",
    "12.2": "what differs by country or region",
    "12.3": "earlier amendments",
    "13": "appendix: glossary",
    "14": "appendix: references",
}
"""By id, what the section is about."""


def read_section(written: object) -> str:
    """The section id; a number without quotes is refused: YAML reads 6.10 as 6.1."""
    if not isinstance(written, str):
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID,
            f"the M11 section {written} is no text; put it in quotes",
        )
    if written not in SECTIONS:
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID,
            f"ICH M11 has no section {written!r}; eligibility is 5.1 to 5.3",
        )
    return written


Section = Annotated[
    str, BeforeValidator(read_section), Field(json_schema_extra={"enum": [*SECTIONS]})
]
