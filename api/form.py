"""multipart/form-data as a stream of parts, none of it held or spooled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from playhead import filename
from playhead.errors import MalformedError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 64
MAX_HEADERS = 8
MAX_HEADER_BYTES = 4096
MAX_WRAPPING_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """The beginning of a part; ``filename`` is cleaned, ``media_type`` as the client declares it."""

    name: str
    filename: str | None
    media_type: str | None


class PartEnd:
    """The end of a part."""


Event = Part | bytes | PartEnd


async def form_events(body: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Event]:
    """What is in a form, as it comes: a :class:`Part`, its bytes, a :class:`PartEnd`, and so on.

    Raises:
        MalformedError: it is no multipart/form-data, is cut off, or has more parts or headers than any form needs.
    """
    reading = _Reading(_boundary(content_type))
    wrapping = 0
    async for chunk in body:
        events = reading.feed(chunk)
        wrapping += len(chunk) - sum(len(event) for event in events if isinstance(event, bytes))
        _refuse_wrapping(wrapping)
        for event in events:
            yield event
    reading.finish()


def _refuse_wrapping(size: int) -> None:
    # Before the first boundary and after the last one the parser would skip bytes for ever.
    if size > MAX_WRAPPING_BYTES:
        message = "The form is mostly wrapping."
        raise MalformedError(message)


def _boundary(content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        message = "The Content-Type multipart/form-data names no boundary."
        raise MalformedError(message)
    return boundary


class _Reading:
    def __init__(self, boundary: bytes) -> None:
        self._events: list[Event] = []
        self._headers: dict[str, bytes] = {}
        self._header_name = b""
        self._header_value = b""
        self._parts = 0
        self._ended = False
        with _translated():
            self._parser = MultipartParser(
                boundary, self._callbacks(), max_header_count=MAX_HEADERS, max_header_size=MAX_HEADER_BYTES
            )

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        with _translated():
            self._parser.write(chunk)
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """The body has ended; so must have the form."""
        if not self._ended:
            message = "The form is cut off: its closing boundary is missing."
            raise MalformedError(message)

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > MAX_PARTS:
            message = f"The form has more than {MAX_PARTS} parts."
            raise MalformedError(message)

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        self._events.append(_part(self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _on_part_end(self) -> None:
        self._events.append(PartEnd())

    def _on_end(self) -> None:
        self._ended = True


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FormParserError as error:
        message = f"The form could not be read: {error}"
        raise MalformedError(message) from error


def _part(headers: dict[str, bytes]) -> Part:
    disposition = _text(headers.get("content-disposition", b""))
    kind, options = parse_options_header(headers.get("content-disposition", b""))
    if kind != b"form-data" or b"name" not in options:
        message = "A part of the form has no name."
        raise MalformedError(message)
    if headers.get("content-transfer-encoding", b"binary").strip().lower() not in {b"binary", b"8bit", b"7bit"}:
        message = "A part of the form is encoded: send its bytes as they are."
        raise MalformedError(message)
    media_type = _text(headers.get("content-type", b"")).strip() or None
    return Part(_text(options[b"name"]), filename.from_disposition(disposition), media_type)


def _text(value: bytes) -> str:
    # Browsers write UTF-8 into these headers; what is not is Latin-1, which takes any byte.
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
