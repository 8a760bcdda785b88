from __future__ import annotations

import pytest

from playhead.errors import InvalidError, PlayheadError
from playhead.podcasts.urls import feed_url
from playhead.settings import FetchSettings


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (" https://Example.com:443/Feed.xml#top ", "https://example.com/Feed.xml"),
        ("feed://example.com/rss", "https://example.com/rss"),
        ("feed:http://example.com/rss", "http://example.com/rss"),
        ("feed:https://example.com/rss", "https://example.com/rss"),
        ("itpc://example.com/rss", "https://example.com/rss"),
        ("pcast://example.com/rss", "https://example.com/rss"),
        ("podcast://https://example.com/rss", "https://example.com/rss"),
        ("http://example.com", "http://example.com"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
    ],
)
def test_an_address_is_written_one_way(given: str, told: str) -> None:
    assert feed_url(given, FetchSettings()) == told


@pytest.mark.parametrize(
    "given", ["", "example.com/feed", "feed:", "feed://", "file:///etc/passwd", "feed://10.0.0.1/"]
)
def test_what_is_none_is_refused(given: str) -> None:
    with pytest.raises(PlayheadError) as refused:
        feed_url(given, FetchSettings(), field="url")
    assert refused.value.field == "url"


def test_one_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidError):
        feed_url(f"https://example.com/{'ü' * 1000}", FetchSettings())
