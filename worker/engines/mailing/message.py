"""A letter as the bytes that go over the wire: RFC 5322 and MIME."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from typing import Any

from playhead.engines import Attachment, Letter
from playhead.errors import TooLargeError
from playhead.filename import cleaned
from playhead.mailboxes import on_the_wire, parsed

_ENCODED = "=?"
"""What encoded words begin with."""
_MEDIA_TYPE = re.compile(r"(application|audio|image|text|video)/([a-z0-9][a-z0-9.+_-]*)", re.IGNORECASE)


class _Verbatim(UnstructuredHeader):
    """A header of one line that says what it is given.

    The library's own decodes what looks encoded in it (RFC 2047), and writes line breaks that were hidden there into
    the head of the letter: https://github.com/python/cpython/issues/121650.
    """

    name: str

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"], kwds["decoded"] = None, value

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Words(_Verbatim):
    """The same, encoded and folded where that is needed."""

    def fold(self, *, policy: Policy) -> str:
        said = str(self)
        charset = "us-ascii" if said.isascii() and _ENCODED not in said else "utf-8"
        folded = Header(said, charset, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {folded}{policy.linesep}"


def _policy() -> EmailPolicy[EmailMessage]:
    headers = HeaderRegistry()
    # Folded, a long address would come out in code.
    for name, made in {"message-id": _Verbatim, "list-unsubscribe": _Verbatim, "subject": _Words}.items():
        headers.map_to_type(name, made)  # type: ignore[arg-type] # it is mixed into one
    # Every server takes seven bits.
    return SMTP.clone(header_factory=headers, cte_type="7bit")


_POLICY = _policy()


def sender_of(setting: str) -> Address:
    """The address that mail is from, of ``PLAYHEAD_MAIL__SENDER``."""
    found = parsed(setting, named=True)
    return _address(found.normalized, found.display_name or "")


def message_id(letter: Letter, sender: Address) -> str:
    """The same for each sending of the letter."""
    return f"<{letter.id}@{sender.domain}>"


def is_beyond_ascii(letter: Letter, sender: Address) -> bool:
    """Whether a mail server has to know SMTPUTF8 (RFC 6531) to take it."""
    named = [*letter.to, *filter(None, [letter.reply_to])]
    return not all(on_the_wire(address).isascii() for address in [sender.addr_spec, *named])


def compose(letter: Letter, sender: Address, max_bytes: int) -> bytes:
    """The whole message. Reads the attachment: call it in a thread.

    Raises:
        TooLargeError: it is larger than ``max_bytes``.
    """
    if letter.attachment:
        _require_room(letter.attachment.path.stat().st_size, max_bytes)
    message = EmailMessage(_POLICY.clone(utf8=is_beyond_ascii(letter, sender)))
    _head(message, letter, sender)
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    if letter.attachment:
        _attach(message, letter.attachment)
    made = message.as_bytes()
    _require_room(len(made), max_bytes)
    return made


def _head(message: EmailMessage, letter: Letter, sender: Address) -> None:
    message["From"] = sender
    message["To"] = [_address(address) for address in letter.to]
    if letter.reply_to:
        message["Reply-To"] = _address(letter.reply_to)
    message["Subject"] = letter.subject
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = message_id(letter, sender)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that nobody's absence is told to us.
    if letter.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _attach(message: EmailMessage, file: Attachment) -> None:
    found = _MEDIA_TYPE.fullmatch(file.media_type.partition(";")[0].strip())
    main, sub = found.groups() if found else ("application", "octet-stream")
    message.add_attachment(file.path.read_bytes(), maintype=main, subtype=sub, filename=_file_name(file.name))


def _file_name(name: str) -> str:
    """The name, with nothing in it that looks encoded: it would be decoded, as in the other headers."""
    return (cleaned(name) or "file").replace(_ENCODED, " ".join(_ENCODED))


def _address(address: str, name: str = "") -> Address:
    local, _, domain = on_the_wire(address).rpartition("@")
    return Address(name, local, domain)


def _require_room(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise TooLargeError(f"the mail is larger than the {max_bytes} bytes of PLAYHEAD_MAIL__MAX_BYTES")
