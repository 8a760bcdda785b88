"""What a letter says of the document that it brings: all of it where it is made to be read, else its name."""

from __future__ import annotations

import mimetypes
import re
from uuid import UUID

from playhead.delivering.params import MOST_SUBJECT, Mail
from playhead.documents import BYTE_ORDER_MARK, summary_of
from playhead.engines import Attachment, Letter
from playhead.errors import DocumentUnreadableError
from playhead.kind import Given
from playhead.markdown import one_line, readable
from playhead.pages import letter
from playhead.summary_markdown import markdown

MOST_READ_BYTES = 256 * 1024
"""A larger text is attached: mail programs show no more of a letter than a fraction of that."""

_MARKDOWN_ENDINGS = (".md", ".markdown")
_HEADING = re.compile(r"^#{1,6}[^\S\n]+(\S.*)$", re.MULTILINE)


def letter_of(given: Given, mail: Mail, letter_id: UUID) -> Letter:
    """The letter that brings this document. Reads and renders it: call it in a thread."""
    read = _to_be_read(given)
    attachment = _attachment(given) if read is None else None
    told = f"Attached: {one_line(attachment.name)}" if attachment else read or ""
    written = "\n\n".join(filter(None, [mail.text, told]))
    subject = mail.subject or _subject(read, given)
    return Letter(
        id=str(letter_id),
        to=mail.to,
        subject=subject,
        text=readable(written),
        html=letter(written, subject),
        attachment=attachment,
        reply_to=mail.reply_to,
        unsubscribe_url=mail.unsubscribe_url,
    )


def _to_be_read(given: Given) -> str | None:
    """The document in Markdown, if it is that or a summary."""
    if given.path.stat().st_size > MOST_READ_BYTES:
        return None
    try:
        content = given.path.read_bytes().decode().removeprefix(BYTE_ORDER_MARK)
        summary = summary_of(content)
    except (UnicodeDecodeError, DocumentUnreadableError):
        return None
    if summary:
        return markdown(summary)
    return content if _is_markdown(given) and "\0" not in content else None


def _is_markdown(given: Given) -> bool:
    if given.name is None:
        return given.media_type.startswith("text/")  # words in the request
    return given.media_type.startswith("text/markdown") or given.name.lower().endswith(_MARKDOWN_ENDINGS)


def _attachment(given: Given) -> Attachment:
    ending = mimetypes.MimeTypes().guess_extension(given.media_type.partition(";")[0]) or ""
    return Attachment(given.path, given.name or f"document{ending}", given.media_type)


def _subject(read: str | None, given: Given) -> str:
    heading = _HEADING.search(read) if read else None
    found = readable(heading[1].rstrip().rstrip("#")) if heading else given.name or ""
    printable = "".join(sign if sign.isprintable() else " " for sign in found)
    return " ".join(printable.split())[:MOST_SUBJECT] or "A document"
