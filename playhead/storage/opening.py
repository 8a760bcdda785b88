"""From a storage URL to the place it names."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.store import from_url

from playhead.errors import InvalidError
from playhead.storage.bucket import Bucket
from playhead.storage.faults import faults
from playhead.storage.folder import Folder
from playhead.storage.place import Place

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

QUICK_SILENCE = "15s"
"""How long a server may be silent before it answers a small request, and between two pieces of a download."""

BULK_SILENCE = "2min"
"""The same for a part of an upload: the server is silent while its bytes travel.

Two parts of 8 MiB in two minutes are 1.1 Mbit/s for each upload: whoever has less cannot store recordings there.
"""

COPY_SILENCE = "1day"
"""The same for a copy within the server: :class:`Bucket` itself gives it as long as its size needs."""

# A short restart of the server should not cost an upload of gigabytes: nine seconds of waiting on average, 18 at most.
# What takes longer is for the job's own retries, and for the client's.
RETRY: RetryConfig = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {"init_backoff": timedelta(milliseconds=400), "max_backoff": timedelta(seconds=4), "base": 3},
}


def open_place(url: str) -> Place:
    """The place behind ``file:///folder`` or ``s3://bucket/prefix``; InvalidError for any other URL.

    A folder is made if need be. A bucket's credentials, region and endpoint come from the environment that every S3
    tool reads: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL and their kin.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        with faults("opening its bucket"):
            return Bucket(*(_bucket(url, silence) for silence in (QUICK_SILENCE, BULK_SILENCE, COPY_SILENCE)))
    message = f"{url!r} names no storage: PLAYHEAD_STORAGE_URL is file:///folder or s3://bucket/prefix."
    raise InvalidError(message)


def _bucket(url: str, silence: str) -> ObjectStore:
    # obstore's own 30 s for a whole request would cut a download of some gigabytes: silence is what counts.
    waits: ClientConfig = {"connect_timeout": "5s", "read_timeout": silence, "timeout": "1day"}
    return from_url(url, client_options={**waits, "allow_http": _plain()}, retry_config=RETRY)


def _plain() -> bool:
    """Whether the operator named an endpoint without TLS, as servers on loopback or in a compose file are."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return any(os.environ.get(name, "").startswith("http://") for name in names)
