"""Whose message it is: one identifier of PID-3, by the site's order of authorities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.adapters.hl7v2.charset import decoded
from streams.adapters.hl7v2.splitter import Segment, Value, messages, split
from streams.adapters.identity.pseudonyms import Identifier, Identities
from streams.adapters.site.configuration import SiteConfiguration
from streams.vocabulary.errors import InputError


@dataclass(frozen=True, slots=True)
class Written:
    """One identifier as a CX writes it."""

    value: str
    namespace: str
    universal: str
    kind: str
    """Table 0203: `MR` a medical record number, `SS` of social security."""
    named: str
    """The site's one name for who assigned it, where `authority_names` has one."""

    @property
    def authority(self) -> str:
        """Who assigned it: the site's name, else the short or the universal one."""
        return self.named or self.namespace or self.universal

    @property
    def is_nobodys(self) -> bool:
        """Whether the number is none of a hospital's patient, by its type.

        A type that says the assigner again is none: hospitals have insurers' letters.
        """
        of_hospital = self.kind in _INSURERS and self.kind == self.namespace.upper()
        return self.kind in _NOBODYS and not of_hospital


_PREFERRED = ("MR", "MRN", "PI", "PT", "PE", "PN", "")
"""Where the site names no authority: record numbers, then the hospital's others."""
_NOBODYS = {"SS", "SSN", "DL", "PPN", "AN", "VN", "MA", "MC", "NIIP", "CZ", "CC"}
"""Numbers of the state, an insurer or a bank, of an account or a visit."""
_INSURERS = {"MA", "MC", "NIIP"}
"""Of those an insurer's."""


def patient_identifier(
    segment: Segment, fields: Sequence[int], site: SiteConfiguration
) -> Identifier | None:
    """The identifier to go by, from the first of the fields that has a usable one.

    Every message of one patient must lead to one identifier, so the choice follows
    the site's `authorities`, then the type, then the order in which they stand.
    """
    for field in fields:
        listed = segment.repetitions(field)
        found = [one for value in listed if (one := _cx(value, site))]
        if chosen := _chosen(found, site.authorities):
            return chosen
    return None


def pid_identifier(pid: Segment, site: SiteConfiguration) -> Identifier | None:
    """The patient of a PID: its list, or what versions before 2.3.1 had instead."""
    return patient_identifier(pid, (3, 2, 4), site)


def mrg_identifier(mrg: Segment, site: SiteConfiguration) -> Identifier | None:
    """The patient whose identifier an MRG retires."""
    return patient_identifier(mrg, (1, 4, 2), site)


def patient_of(
    payload: bytes, site: SiteConfiguration, identities: Identities
) -> str | None:
    """The pseudonym of the message's first patient; None where it names none.

    For routing: cheaper than reading the message, and equal to what reading it tells.
    """
    read = decoded(payload)
    try:
        pid = split(messages(read.text)[0], read.codec).first("PID")
    except InputError:
        return None
    found = pid_identifier(pid, site) if pid else None
    return identities.name("patient", found) if found else None


def _cx(value: Value, site: SiteConfiguration) -> Written | None:
    number = value.text(1)
    if not number:
        return None
    namespace, universal = value.text(4), value.text(4, 2)
    names = site.authority_names
    named = (names.get(namespace) or names.get(universal) or "") if names else ""
    return Written(number, namespace, universal, value.text(5).upper(), named)


def _chosen(
    written: Sequence[Written], authorities: Sequence[str]
) -> Identifier | None:
    for entry in authorities:
        for one in written:
            if (authority := _matching(entry, one)) is not None:
                return Identifier(authority, one.value)
    for kind in _PREFERRED:
        for one in written:
            if one.kind == kind:
                return Identifier(one.authority, one.value)
    for one in written:
        if not one.is_nobodys:
            return Identifier(one.authority, one.value)
    return None


def _matching(entry: str, one: Written) -> str | None:
    """The authority under which the entry knows the identifier; None: it does not."""
    kind, at, authority = entry.rpartition("@")
    if at and kind.upper() != one.kind:
        return None
    if not authority:
        return one.authority
    known = authority in (one.named, one.namespace, one.universal)
    return (one.named or authority) if known else None
