"""A digest's own feed, for those who read feeds rather than mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from playhead.models import DigestIssue

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What XML 1.0 can hold in no way."""


def rss(issues: Sequence[DigestIssue], address: str) -> bytes:
    """These digests as RSS 2.0; ``address`` is where the feed is."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, title="Podcast digest", link=address, description="What is new in your podcasts.")
    for issue in issues:
        item = ET.SubElement(channel, "item")
        _add(item, title=issue.title, description=issue.html, pubDate=format_datetime(issue.due_at))
        ET.SubElement(item, "guid", isPermaLink="false").text = str(issue.id)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = _FORBIDDEN.sub("", text)
