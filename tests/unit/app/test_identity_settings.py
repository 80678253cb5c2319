"""Which keys a site's intake has, and what it refuses to begin with."""

import pytest

from streams.adapters.identity.keys import make_key
from streams.adapters.identity.pseudonyms import Identifier, PublicIdentifiers
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.identity import (
    configured_site,
    identities_of,
    payload_sealer,
    vault_sealer,
)
from streams.vocabulary.errors import ErrorCode, SettingsError


SITE = SiteConfiguration(site="north", zone="Europe/London")
WHO = Identifier("MR", "4711")


@pytest.fixture
def keys(tmp_path):
    for name in ("one", "two"):
        make_key(tmp_path / name)
    return tmp_path


def refused(act):
    with pytest.raises(SettingsError) as raised:
        act()
    return raised.value.code


def test_a_site_names_identifiers_under_its_key(keys):
    environ = {"EMBER_IDENTITY_KEYS": f"1:{keys}/one"}

    named = identities_of(SITE, environ).name("patient", WHO)

    assert named == identities_of(SITE, environ).name("patient", WHO)
    assert named.startswith("p1-")


def test_without_a_key_nothing_is_named():
    assert refused(lambda: identities_of(SITE, {})) is ErrorCode.SECRET_MISSING


def test_public_data_need_no_key():
    public = SITE.model_copy(update={"identity": "public"})
    assert isinstance(identities_of(public, {}), PublicIdentifiers)


def test_a_second_key_wants_to_know_who_was_named_before(keys):
    environ = {"EMBER_IDENTITY_KEYS": f"1:{keys}/one, 2:{keys}/two"}

    assert refused(lambda: identities_of(SITE, environ)) is ErrorCode.BAD_SETTING

    before = identities_of(SITE, {"EMBER_IDENTITY_KEYS": f"1:{keys}/one"})
    (keys / "known").write_text(before.name("patient", WHO) + "\n")
    names = identities_of(
        SITE, {**environ, "EMBER_IDENTITY_KNOWN": str(keys / "known")}
    )
    assert names.name("patient", WHO) == before.name("patient", WHO)
    assert names.name("patient", Identifier("MR", "4712")).startswith("p2-")


def test_a_list_of_names_that_cannot_be_read_is_refused(keys):
    (keys / "known").write_bytes(b"\xff\xfe")
    environ = {
        "EMBER_IDENTITY_KEYS": f"1:{keys}/one,2:{keys}/two",
        "EMBER_IDENTITY_KNOWN": str(keys / "known"),
    }
    assert refused(lambda: identities_of(SITE, environ)) is ErrorCode.BAD_SETTING


@pytest.mark.parametrize("text", ["one", "x:one", "0:one", "1:", "1:a,1:b", "-1:a"])
def test_keys_that_are_not_told_apart_are_refused(text):
    environ = {"EMBER_PAYLOAD_KEYS": text}
    assert refused(lambda: payload_sealer(environ)) is ErrorCode.BAD_SETTING


def test_payloads_and_the_vault_are_sealed_where_there_is_a_key(keys):
    environ = {
        "EMBER_PAYLOAD_KEYS": f"1:{keys}/one",
        "EMBER_VAULT_KEYS": f"2:{keys}/two",
    }
    assert payload_sealer(environ).key_version == 1
    assert vault_sealer(environ).key_version == 2
    assert payload_sealer({}) is None
    assert vault_sealer({}) is None


def test_the_site_is_read_from_the_file_that_is_named(tmp_path):
    (tmp_path / "north.yaml").write_text("site: north\nzone: Europe/London\n")

    assert configured_site({"EMBER_SITE": str(tmp_path / "north.yaml")}) == SITE
    assert refused(lambda: configured_site({})) is ErrorCode.BAD_SETTING
