"""The body of an upload, raw or as a form, as a stream of the file's bytes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request

from api.form import Event, Part, PartEnd, form_events
from playhead import filename
from playhead.errors import InvalidError, MalformedError, TooLargeError, UnsupportedMediaError

FILE_FIELD = "file"

FORM_OVERHEAD_BYTES = 1024 * 1024
"""How much of a form may be anything but the file: the other fields, which are held in memory, and the wrapping."""


@dataclass
class Upload:
    """An upload that is still coming in.

    Attributes:
        name: the cleaned file name, if the client gives one.
        declared_type: the Content-Type of the file, if the client gives one.
        chunks: the bytes of the file. Raises MalformedError if the body ends early or is no proper form.
        fields: the other fields of a form; those that follow the file are here once ``chunks`` is through.
    """

    name: str | None
    declared_type: str | None
    chunks: AsyncIterator[bytes]
    fields: dict[str, list[str]] = field(default_factory=dict)


async def incoming(request: Request, *, max_bytes: int | None = None) -> Upload:
    """Begin to read an upload: a raw body, or ``multipart/form-data`` with the file in its field ``file``.

    A raw body is named by ``Content-Disposition: attachment; filename=...``, ``X-File-Name`` (percent-encoded UTF-8)
    or ``?name=``. Nothing is spooled: memory stays bounded whatever the size of the upload.

    Raises:
        MalformedError: the form cannot be read.
        InvalidError: the form has no field ``file``.
        TooLargeError: the announced length is beyond ``max_bytes``. Whoever reads the chunks counts those that come.
        UnsupportedMediaError: the body is compressed as a whole.
    """
    _refuse_encoding(request)
    content_type = request.headers.get("Content-Type")
    is_form = content_type is not None and content_type.lower().startswith("multipart/form-data")
    _refuse_length(request, max_bytes, allowance=FORM_OVERHEAD_BYTES if is_form else 0)
    if content_type is not None and is_form:
        return await _form(request, content_type)
    return Upload(_raw_name(request), content_type, _body(request))


async def with_head(chunks: AsyncIterator[bytes], count: int) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first ``count`` bytes (fewer only if there are no more), and the stream with those bytes still in it."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= count:
            break
    return bytes(held[:count]), _chained(bytes(held), chunks)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect as error:
        # Nobody reads the answer; what matters is that the upload fails and is no fault of ours.
        message = "The client hung up in the middle of the upload."
        raise MalformedError(message) from error


async def _form(request: Request, content_type: str) -> Upload:
    events = form_events(_body(request), content_type)
    fields: dict[str, list[str]] = {}
    part = await _fields_until_file(events, fields)
    if part is None:
        message = f"The form has no field {FILE_FIELD!r}: send the recording in it."
        raise InvalidError(message, field=FILE_FIELD)
    return Upload(part.filename, part.media_type, _file_chunks(events, fields), fields)


async def _file_chunks(events: AsyncIterator[Event], fields: dict[str, list[str]]) -> AsyncIterator[bytes]:
    async for event in events:
        if isinstance(event, PartEnd):
            break
        if isinstance(event, bytes):
            yield event
    if await _fields_until_file(events, fields) is not None:
        message = f"The form has more than one field {FILE_FIELD!r}: send one recording at a time."
        raise InvalidError(message, field=FILE_FIELD)


async def _fields_until_file(events: AsyncIterator[Event], fields: dict[str, list[str]]) -> Part | None:
    """Collect fields up to the beginning of the file, or to the end of the form: then None."""
    held = sum(len(value) for values in fields.values() for value in values)
    value = bytearray()
    name = ""
    async for event in events:
        if isinstance(event, Part):
            if event.name == FILE_FIELD:
                return event
            name, value = event.name, bytearray()
        elif isinstance(event, bytes):
            value += event
            held += len(event)
            _refuse_overhead(held)
        else:
            fields.setdefault(name, []).append(value.decode(errors="replace"))
    return None


def _refuse_overhead(size: int) -> None:
    if size > FORM_OVERHEAD_BYTES:
        message = f"The fields of the form beside {FILE_FIELD!r} are larger than {FORM_OVERHEAD_BYTES} bytes."
        raise MalformedError(message)


def _refuse_encoding(request: Request) -> None:
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        message = "Send the recording as it is, without a Content-Encoding."
        raise UnsupportedMediaError(message, field=FILE_FIELD)


def _refuse_length(request: Request, max_bytes: int | None, *, allowance: int) -> None:
    announced = request.headers.get("Content-Length", "")
    if max_bytes is not None and re.fullmatch("[0-9]{1,19}", announced) and int(announced) > max_bytes + allowance:
        message = f"At most {max_bytes} bytes are accepted."
        raise TooLargeError(message, field=FILE_FIELD)


def _raw_name(request: Request) -> str | None:
    return (
        filename.from_disposition(request.headers.get("Content-Disposition"))
        or filename.cleaned(unquote(request.headers.get("X-File-Name", "")))
        or filename.cleaned(request.query_params.get("name"))
    )
