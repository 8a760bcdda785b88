from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from playhead.errors import InvalidError, UrlForbiddenError
from playhead.fetch import check_url
from playhead.fetch.addresses import is_permitted
from playhead.settings import FetchSettings

CLOSED = FetchSettings()

FORBIDDEN_ADDRESSES = [
    "0.0.0.0",  # noqa: S104 - not bound to, refused
    "0.1.2.3",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.0.9",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1.1.1.1",
    "100::1",
    "2001:0:7f00:1::1",
    "2001:0:808:808:0:0:80ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:c0a8:1::1",
    "2606:4700::5efe:10.0.0.1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC_ADDRESSES = ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]


@pytest.mark.parametrize("text", FORBIDDEN_ADDRESSES)
def test_an_address_off_the_public_internet_is_not_permitted(text: str) -> None:
    assert not is_permitted(ip_address(text), [])


@pytest.mark.parametrize("text", PUBLIC_ADDRESSES)
def test_a_public_address_is_permitted(text: str) -> None:
    assert is_permitted(ip_address(text), [])


def test_an_allowed_network_opens_itself_and_nothing_else() -> None:
    allowed = [ip_network("192.168.1.0/24")]
    assert is_permitted(ip_address("192.168.1.7"), allowed)
    assert is_permitted(ip_address("::ffff:192.168.1.7"), allowed)
    assert not is_permitted(ip_address("192.168.2.7"), allowed)
    assert not is_permitted(ip_address("127.0.0.1"), allowed)


@pytest.mark.parametrize(
    "host",
    [
        *(text for text in FORBIDDEN_ADDRESSES if ":" not in text),
        *(f"[{text}]" for text in FORBIDDEN_ADDRESSES if ":" in text and "%" not in text),
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.0.1.",
        "0",
        "127。0。0。1",
        "localhost",
        "LOCALHOST.",
        "app.localhost",
        "ip6-loopback",
        "metadata.google.internal",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_is_a_forbidden_address_in_any_notation_is_refused(scheme: str, host: str) -> None:
    with pytest.raises(UrlForbiddenError) as caught:
        check_url(f"{scheme}://{host}:8080/recording.mp3", CLOSED)
    assert caught.value.field == "input.url"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.mp3",
        "http://example.com:8080/a?b=c#d",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/",
        "https://bücher.example/ä.mp3",
        "https://1password.example/",
    ],
)
def test_an_ordinary_url_passes(url: str) -> None:
    check_url(url, CLOSED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "recording.mp3",
        "//example.com/a",
        "ftp://example.com/a",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "https://user@example.com/",
        "https://:secret@example.com/",
        "http://1.1.1.1\\@127.0.0.1/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://exa\tmple.com/",
        "http://0177.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://exa mple.com/",
        "http://[fe80::1%25eth0]/",
        "http://①②⑦.0.0.1/",
        "http://[::1/",
        "http://xn--a/",
        "http://./",
        "http://../",
        "http://-/",
        "http://[fe80::1%25eth0]/\x00",
    ],
)
def test_what_is_no_url_of_ours_is_invalid(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_url(url, CLOSED)
    assert caught.value.field == "input.url"


def test_an_allowed_network_opens_its_names_too() -> None:
    settings = FetchSettings.model_validate({"allowed_networks": ["127.0.0.0/8"]})
    check_url("http://localhost:8000/a", settings)
    check_url("http://0x7f.1/", settings)
    with pytest.raises(UrlForbiddenError):
        check_url("http://10.0.0.1/", settings)
