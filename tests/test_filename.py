from __future__ import annotations

import pytest

from playhead import filename
from playhead.errors import InvalidError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("", None),
        ("..", None),
        ("a/", None),
        ("talk.mp3", "talk.mp3"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\talk.mp3", "talk.mp3"),
        (" a\x00b\r\nc\u202egpj.exe ", "abcgpj.exe"),
        ("naïve 日本.wav", "naïve 日本.wav"),
        ("x" * 300 + ".flac", "x" * 250 + ".flac"),
        ("x" * 300, "x" * 255),
        ("." + "x" * 300, "." + "x" * 254),
    ],
)
def test_a_name_is_cleaned(given: str | None, expected: str | None) -> None:
    assert filename.cleaned(given) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("attachment", None),
        ("attachment; filename=talk.mp3", "talk.mp3"),
        ('inline; FileName="a;b \\"c\\".wav"', 'a;b "c".wav'),
        ("attachment; filename=\"x.wav\"; filename*=UTF-8''..%2Fna%C3%AFve.wav", "naïve.wav"),
        ("attachment; filename*=utf-8'en'%e2%82%ac.mp3; filename=EUR.mp3", "€.mp3"),
        ("attachment; filename*=no-such-charset''%ff.mp3", "ÿ.mp3"),
        ("attachment; filename*=broken", "broken"),
        ('\x00; =;;;"\r\nX: y', None),
    ],
)
def test_a_content_disposition_is_read(header: str | None, expected: str | None) -> None:
    assert filename.from_disposition(header) == expected


@pytest.mark.parametrize("name", ["a.txt", "naïve 日本.wav", ".hidden", "a..b", "x" * 255])
def test_an_output_has_a_plain_name(name: str) -> None:
    filename.check_output(name, [name, "other.txt"])


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "a/b", "/a", "a\\b", "C:\\a", "a\0", "a\n", "a\x7f", "\udc80", " a", "x" * 256]
)
def test_an_output_with_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match="plain file name"):
        filename.check_output(name, [])


@pytest.mark.parametrize(("name", "other"), [("A.txt", "a.TXT"), ("caf\u00e9", "Cafe\u0301"), ("straße", "STRASSE")])
def test_outputs_whose_names_differ_by_case_alone_are_refused(name: str, other: str) -> None:
    with pytest.raises(InvalidError, match="case"):
        filename.check_output(name, ["b.txt", other])
