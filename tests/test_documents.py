from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from playhead.documents import Passage, read_document
from playhead.errors import DocumentUnreadableError
from playhead.transcript import Segment, Transcript

SRT = "1\n00:00:01,000 --> 00:00:02,500\nHello,\n<i>world</i>.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\nHello, world.\n"


def transcript(**changes: Any) -> bytes:
    about = {"language": "en", "language_probability": 1, "duration_seconds": 3, "model": "m", "text": "Bonjour."}
    segment = {"id": 0, "start": 0, "end": 2, "text": "Bonjour.", "temperature": 0}
    figures = {"avg_logprob": 0, "no_speech_prob": 0, "compression_ratio": 1}
    return json.dumps(about | {"segments": [segment | figures | changes]}, separators=(",", ":")).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "document"


def test_who_speaks_is_told_beside_the_words(path: Path) -> None:
    path.write_bytes(transcript(speaker="S1"))
    assert read_document(path).passages == [Passage("Bonjour.", 0, 2, "S1")]

    path.write_text(
        f"{VTT}\n00:03.000 --> 00:04.000\n<v Tom &amp; Ann>Bye.</v>\n\n00:05.000 --> 00:06.000\n<v Tom>A\n<v Ann>B\n"
    )
    assert [(one.text, one.speaker) for one in read_document(path).passages] == [
        ("Hello, world.", None),
        ("Bye.", "Tom & Ann"),
        ("A B", None),
    ]


def test_a_transcript_is_read_whole(path: Path) -> None:
    rest = {"avg_logprob": -0.1, "no_speech_prob": 0.0, "compression_ratio": 1.0, "temperature": 0.0}
    segments = [Segment(id=0, start=0.5, end=2.0, text="Bonjour.", **rest)]
    about = {"language": "fr", "language_probability": 1.0, "duration_seconds": 3.0, "model": "m"}
    transcript = Transcript(text="Bonjour.", segments=segments, **about)
    path.write_text(transcript.model_dump_json())

    document = read_document(path)

    assert (document.form, document.language, document.transcript) == ("transcript", "fr", transcript)
    assert document.passages == [Passage("Bonjour.", 0.5, 2.0)]


@pytest.mark.parametrize("text", [SRT, f"\ufeff{SRT}", SRT.replace("\n", "\r\n")])
def test_subtitles_are_read_cue_by_cue(path: Path, text: str) -> None:
    path.write_text(text, newline="")

    document = read_document(path)

    assert document.form == "subtitles"
    assert document.passages == [Passage("Hello, world.", 1.0, 2.5), Passage("Bye.", 3.0, 4.0)]


def test_webvtt_too(path: Path) -> None:
    path.write_text(VTT)

    assert read_document(path).passages == [Passage("Hello, world.", 1.0, 2.5)]


@pytest.mark.parametrize(
    ("cue", "words"),
    [
        ("Tom &amp; I say 1 &lt; 2 &#8212; &AMP no", "Tom & I say 1 < 2 — &AMP no"),
        ("<v.loud Ann>Hello,</v> <i>world</i>.", "Hello, world."),
        ("we <00:00:01.500><c>don't</c> know", "we don't know"),
    ],
)
def test_words_of_webvtt_are_read_as_they_are_shown(path: Path, cue: str, words: str) -> None:
    path.write_text(f"WEBVTT\n\nintro\n00:01.000 --> 00:02.500 align:start\n{cue}\n\nNOTE nobody says this\n")

    assert [passage.text for passage in read_document(path).passages] == [words]


@pytest.mark.parametrize(
    ("cue", "words"),
    [
        ("if {x} then {y}", "if {x} then {y}"),
        (r"c:\new and c:\New", r"c:\new and c:\New"),
        ("Tom &amp; <b>I</b>", "Tom &amp; I"),
        (r"{\an8}<font color='red'>Look</font><br>up!", "Look up!"),
        ("if a <b and c> d, press A --> B", "if a <b and c> d, press A --> B"),
        ("one\n\ntwo", "one two"),
        ("42", "42"),
    ],
)
def test_words_of_subrip_stay_as_they_stand_but_for_tags(path: Path, cue: str, words: str) -> None:
    path.write_text(f"1\n00:00:01,000 --> 00:00:02,500\n{cue}\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n")

    assert [passage.text for passage in read_document(path).passages] == [words, "Bye."]


@pytest.mark.parametrize("text", ["One\nline.\n\n\nTwo.\n", "One\r\nline.\r\n\r\nTwo.\r\n", "One\rline.\r \t\r\rTwo."])
def test_a_text_is_read_in_paragraphs(path: Path, text: str) -> None:
    path.write_text(text, newline="")

    document = read_document(path)

    assert (document.form, document.text) == ("text", "One line.\nTwo.")


def test_an_arrow_makes_no_subtitles_of_a_text(path: Path) -> None:
    path.write_text("Settings --> Network, from 7:30 --> later.\n\n<!-- no more -->\n\n7:30 --> 8:30 breakfast\n")

    document = read_document(path)

    assert (document.form, len(document.passages)) == ("text", 3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "says nothing"),
        (b" \n\n ", "says nothing"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b'{"text": 1}', "no transcript: text"),
        (b"{", "no transcript"),
        (b"WEBVTT\n", "says nothing"),
        ("a text".encode("utf-16-le"), "convert it first"),
        (transcript(text="a\0b"), "NUL"),
        (transcript(end=float("nan")), r"in segments\.0: nan"),
        (transcript(start=-1e308), r"in segments\.0: -1e\+308"),
        (transcript(words=[{"start": 0, "end": float("inf"), "text": "a", "probability": 1}]), r"in segments\.0: inf"),
        (transcript().replace(b'"language":"en"', b'"language":"%s"' % (b"en" * 99)), "language"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(path: Path, content: bytes, told: str) -> None:
    path.write_bytes(content)

    with pytest.raises(DocumentUnreadableError, match=told):
        read_document(path)
