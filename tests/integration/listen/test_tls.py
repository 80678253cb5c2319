"""TLS with certificates made here: of the listener, of a sender, of a stranger."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from integration.listen.house import HeldStore, house, message

from streams.app.listen.server import Tls
from streams.app.listen.settings import listener_settings
from streams.vocabulary.errors import ErrorCode, SettingsError


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(folder, name, issuer=None):
    """A key and its certificate in PEM, signed by `issuer` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    signed_by, signing = issuer or (_name(name), key)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(signed_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return _name(name), key


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("certificates")
    authority = certificate(made, "authority")
    certificate(made, "listener", authority)
    certificate(made, "sender", authority)
    certificate(made, "stranger")
    return made


def client(folder, name=None):
    context = ssl.create_default_context(cafile=folder / "authority.pem")
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def settings(folder, *, mutual):
    named = {
        "cert_file": folder / "listener.pem",
        "key_file": folder / "listener.key",
    }
    return named | ({"client_ca_file": folder / "authority.pem"} if mutual else {})


async def asked(folder, context, *, mutual):
    store = HeldStore()
    async with (
        house(store, **settings(folder, mutual=mutual)) as up,
        up.sender(ssl=context) as sender,
    ):
        told = await sender.told(message(1))
    return told, len(store.kept)


@pytest.mark.parametrize(("name", "mutual"), [(None, False), ("sender", True)])
def test_a_sender_that_may_speak_is_answered_over_tls(folder, name, mutual):
    answer = asyncio.run(asked(folder, client(folder, name), mutual=mutual))
    assert answer == (("AA", "C1"), 1)


@pytest.mark.parametrize("name", [None, "stranger"])
def test_a_sender_without_a_certificate_of_ours_is_not_heard(folder, name):
    async def refused():
        store = HeldStore()
        async with house(store, **settings(folder, mutual=True)) as up:
            try:
                async with up.sender(ssl=client(folder, name)) as sender:
                    assert await sender.told(message(1)) is None
            except (ssl.SSLError, ConnectionError):
                pass
            async with up.sender(ssl=client(folder, "sender")) as sender:
                assert await sender.told(message(2)) == ("AA", "C2")
            assert not up.failed
        return [kept.control_id for kept in store.kept]

    assert asyncio.run(refused()) == ["C2"]


def test_who_speaks_plainly_to_a_listener_with_tls_is_not_heard(folder):
    async def refused():
        store = HeldStore()
        async with (
            house(store, **settings(folder, mutual=False)) as up,
            up.sender() as sender,
        ):
            assert await sender.told(message(1)) is None
        return store.kept

    assert asyncio.run(refused()) == []


def test_a_certificate_that_is_none_is_told_in_a_sentence(folder):
    with pytest.raises(SettingsError) as fault:
        Tls(
            cert_file=folder / "listener.key", key_file=folder / "listener.pem"
        ).context()
    assert fault.value.code is ErrorCode.BAD_SETTING


@pytest.mark.parametrize(
    "environ",
    [
        {"EMBER_MLLP": "2575"},
        {"EMBER_MLLP": "host:70000"},
        {"EMBER_MLLP_CERT_FILE": __file__},
        {"EMBER_MLLP_CLIENT_CA_FILE": __file__},
        {"EMBER_MLLP_MESSAGE_BYTES": "2000000"},
        {"EMBER_MLLP_IDLE": "soon"},
    ],
)
def test_settings_that_cannot_be_are_refused(environ):
    with pytest.raises(SettingsError) as fault:
        listener_settings(environ)
    assert fault.value.code is ErrorCode.BAD_SETTING
