"""Bodies that were packed for the way, unpacked as they come, and never beyond what is allowed."""

from __future__ import annotations

import zlib
from typing import Protocol

from playhead.errors import FeedUnreadableError, TooLargeError, UrlUnreachableError

ENCODINGS = "gzip, deflate"
"""What servers are told that they may do."""
_PLAIN = frozenset({"", "identity"})
_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_METHOD = 8


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Unpacked:
    """Give it what comes; ``body`` is what it was before it was packed.

    What is packed says so itself: some servers name what they did not do, or pack without a word.

    Raises:
        FeedUnreadableError: it was packed in a way that nobody asked for, or came out damaged.
        TooLargeError: there is more than ``max_bytes``, packed or not.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        self.body = bytearray()
        self._encoding = encoding.strip().lower()
        self._max_bytes = max_bytes
        self._begun = b""
        self._unpacker: _Unpacker | None = None
        self._came = 0
        if self._encoding not in {*_PLAIN, "gzip", "x-gzip", "deflate"}:
            raise FeedUnreadableError(f"The answer was packed ({self._encoding}), though nobody asked for that.")

    def feed(self, chunk: bytes) -> None:
        """The next bytes, as they came."""
        self._came += len(chunk)
        self._refuse(self._came)
        if not self._came - len(chunk) or self._begun:
            self._begun += chunk
            if len(self._begun) < len(_GZIP_MAGIC):
                return
            chunk, self._begun = self._begun, b""
            self._unpacker = self._chosen(chunk)
        self._add(chunk)

    def finish(self) -> bytes:
        """The whole.

        Raises:
            UrlUnreachableError: what was packed breaks off.
        """
        self._add(self._begun)
        if self._unpacker and not self._unpacker.eof:
            raise UrlUnreachableError("The answer was cut off.")
        return bytes(self.body)

    def _chosen(self, first: bytes) -> _Unpacker | None:
        if first.startswith(_GZIP_MAGIC):
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        if self._encoding != "deflate":
            return None
        # Two bytes tell whether it has the header that it should have, and that many servers leave out.
        has_header = first[0] & 15 == _ZLIB_METHOD and int.from_bytes(first[:2]) % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)

    def _add(self, chunk: bytes) -> None:
        if self._unpacker is None:
            self.body += chunk
        else:
            # One byte more than there may be tells that there is more.
            self.body += self._unpack(self._unpacker, chunk)
        self._refuse(len(self.body))

    def _unpack(self, unpacker: _Unpacker, chunk: bytes) -> bytes:
        try:
            return unpacker.decompress(chunk, self._max_bytes - len(self.body) + 1)
        except zlib.error as error:
            raise FeedUnreadableError(f"The answer came out damaged: {error}") from error

    def _refuse(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooLargeError(f"The feed is larger than the {self._max_bytes} bytes that are read.")
