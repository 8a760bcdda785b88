"""HTTP as bytes of a connection, before there is a request that anything else could look at."""

from __future__ import annotations

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.problems import MEDIA_TYPE, of_error
from playhead.errors import MalformedError

MAX_BARREN_BYTES = 64 * 1024
"""Bytes in a row that complete no head of a request and are no body. Other servers take 8 to 64 KiB for a head."""


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with a bound on heads, trailers and the wrapping of chunks, which are held in memory.

    Without it whoever reaches the port, with no key, fills the memory, and a header that comes in pieces is joined
    anew with each of them: a hundred mebibytes held the event loop for forty seconds.
    """

    _barren_bytes = 0
    _fruitful = False

    def data_received(self, data: bytes) -> None:
        """Count what led to nothing since the last head, piece of body or end of a request."""
        self._fruitful = False
        super().data_received(data)
        self._barren_bytes = 0 if self._fruitful else self._barren_bytes + len(data)
        if self._barren_bytes > MAX_BARREN_BYTES and not self.transport.is_closing():
            self.send_400_response(f"A request has at most {MAX_BARREN_BYTES} bytes beside its body.")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._fruitful = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._fruitful = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._fruitful = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say as a problem what is wrong with the bytes, and close."""
        if not self._is_answering():  # in the middle of an answer only the closing can tell
            self.transport.write(_answer(msg))
        self.transport.close()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and cycle.response_started and not cycle.response_complete


def _answer(detail: str) -> bytes:
    body = of_error(MalformedError(detail)).model_dump_json(exclude_none=True).encode()
    status = HTTPStatus.BAD_REQUEST
    head = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
