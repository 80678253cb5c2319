from ipaddress import ip_address

import pytest

from registry.alerts.target import (
    Blocked,
    callable_addresses,
    read_target,
    resolve_by_system,
)
from streams.vocabulary.errors import ErrorCode, SettingsError


PUBLIC = "93.184.215.14"


def answering(*addresses):
    return lambda _host, _port: tuple(ip_address(a) for a in addresses)


def verdict(*addresses, url="https://alerts.example/hook", allowed=()):
    target = read_target(url, frozenset(allowed))
    return callable_addresses(target, answering(*addresses))


def test_a_public_host_is_called_at_the_addresses_that_were_checked():
    assert verdict(PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c") == (
        ip_address(PUBLIC),
        ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
    )


INSIDE = [
    ("127.0.0.1", "loopback"),
    ("127.9.9.9", "loopback"),
    ("::1", "loopback"),
    ("10.0.0.5", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "private"),
    ("fd12:3456::1", "private"),
    ("::ffff:10.0.0.5", "private"),
]
NEVER = [
    ("169.254.169.254", "metadata"),
    ("fd00:ec2::254", "metadata"),
    ("100.100.100.200", "metadata"),
    ("168.63.129.16", "metadata"),
    ("169.254.0.1", "link-local"),
    ("fe80::1", "link-local"),
    ("224.0.0.1", "multicast"),
    ("ff02::1", "multicast"),
    ("0.0.0.0", "unassigned"),
    ("::", "unassigned"),
    ("255.255.255.255", "unassigned"),
    ("::ffff:169.254.169.254", "metadata"),
    ("64:ff9b::a9fe:a9fe", "metadata"),
    ("2002:a9fe:a9fe::1", "metadata"),
]


@pytest.mark.parametrize(("address", "kind"), [*INSIDE, *NEVER])
def test_an_address_inside_is_blocked(address, kind):
    outcome = verdict(address)
    assert isinstance(outcome, Blocked)
    assert outcome.reason.startswith("alerts.example stands for ")
    assert outcome.reason.endswith(f"a {kind} address")


@pytest.mark.parametrize(
    "address",
    ["172.15.0.1", "172.32.0.1", "100.128.0.1", "64:ff9b::5db8:d70e"],
)
def test_what_lies_beside_the_private_ranges_or_behind_nat64_is_public(address):
    assert verdict(address) == (ip_address(address),)


@pytest.mark.parametrize("address", [a for a, _ in INSIDE])
def test_an_allowed_host_may_lie_inside(address):
    allowed = {"Alerts.Example."}
    assert verdict(address, allowed=allowed) == (ip_address(address),)


@pytest.mark.parametrize("address", [a for a, _ in NEVER])
def test_an_allowed_name_opens_neither_metadata_nor_link_local(address):
    assert isinstance(verdict(address, allowed={"alerts.example"}), Blocked)


def test_an_address_that_is_itself_allowed_may_be_called():
    url = "https://169.254.10.10/hook"
    assert verdict(url=url, allowed={"169.254.10.10"}) == (ip_address("169.254.10.10"),)


def test_one_forbidden_address_among_several_blocks_them_all():
    assert isinstance(verdict(PUBLIC, "10.0.0.5"), Blocked)


def test_allowing_one_host_opens_no_other():
    assert isinstance(verdict("10.0.0.5", allowed={"other.example"}), Blocked)


def test_a_host_without_an_address_or_unknown_to_dns_is_blocked():
    def unknown(_host, _port):
        raise OSError

    target = read_target("https://alerts.example/hook")
    assert verdict() == Blocked("alerts.example has no address")
    assert callable_addresses(target, unknown) == Blocked(
        "alerts.example cannot be found"
    )


def test_a_name_too_long_for_dns_is_blocked():
    target = read_target(f"https://{'a' * 64}.example/")
    assert isinstance(callable_addresses(target, resolve_by_system), Blocked)


@pytest.mark.parametrize(
    "url",
    [
        "http://alerts.example/hook",
        "http://10.0.0.5/hook",
        "ftp://alerts.example/",
        "file:///etc/passwd",
        "alerts.example/hook",
        "",
        "https:///hook",
        "https://user:password@alerts.example/",
        "https://alerts.example/#there",
        "https://alerts.example:0/",
        "https://alerts.example:99999/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "http://localhost.example/",
        "http://127.0.0.1:8000/",
    ],
)
def test_a_url_that_may_never_be_called_is_refused_at_the_start(url):
    with pytest.raises(SettingsError) as caught:
        read_target(url)
    assert caught.value.code is ErrorCode.BAD_SETTING


def test_the_refusal_does_not_repeat_the_path():
    with pytest.raises(SettingsError) as caught:
        read_target("http://alerts.example/T0K3N?key=S3CR3T")
    assert "T0K3N" not in str(caught.value)
    assert "S3CR3T" not in str(caught.value)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1"])
def test_another_spelling_of_loopback_is_caught_where_it_is_resolved(host):
    target = read_target(f"https://{host}/")
    outcome = callable_addresses(target, resolve_by_system)
    assert isinstance(outcome, Blocked)


@pytest.mark.parametrize(
    ("url", "allowed", "address"),
    [
        ("http://localhost:8000/", {"localhost"}, "127.0.0.1"),
        ("http://127.0.0.1:8000/", {"127.0.0.1"}, "127.0.0.1"),
        ("http://[::1]:8000/", {"[::1]"}, "::1"),
    ],
)
def test_this_machine_may_be_called_without_https_where_it_is_allowed(
    url, allowed, address
):
    assert verdict(address, url=url, allowed=allowed) == (ip_address(address),)


def test_localhost_that_stands_for_another_machine_needs_https():
    outcome = verdict("10.0.0.5", url="http://localhost/", allowed={"localhost"})
    assert isinstance(outcome, Blocked)


def test_an_address_once_good_is_checked_again_at_the_next_call():
    answers = iter([answering(PUBLIC), answering("10.0.0.5")])
    target = read_target("https://alerts.example/")
    assert callable_addresses(target, next(answers)) == (ip_address(PUBLIC),)
    assert isinstance(callable_addresses(target, next(answers)), Blocked)


def test_a_name_in_another_script_is_called_as_dns_spells_it():
    target = read_target("https://bücher.example/", frozenset())
    assert target.host == "xn--bcher-kva.example"
    assert target.port == 443
