"""A hook that is an address: a POST of JSON to whatever starts workers there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

import httpx
import structlog
from pydantic import SecretStr

from playhead.waking.calls import Call
from playhead.waking.errors import HookError

SHOWN_BYTES = 500
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class HttpHook:
    """Sends ``{queue, waiting, oldest_age_seconds}``. Any answer of 2xx is a worker on its way.

    Attributes:
        token: sent as ``Authorization: Bearer``.
    """

    url: str
    token: SecretStr | None
    # It takes many milliseconds to make one, in which the API would do nothing else.
    _tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context, repr=False)

    async def __call__(self, call: Call) -> None:
        """Send it. Redirects are not followed: they would make a GET of it.

        Raises:
            HookError: no answer, or another one.
        """
        body = {"queue": call.queue, "waiting": call.waiting, "oldest_age_seconds": call.oldest_age_seconds}
        # Whoever waits for this bounds it.
        async with httpx.AsyncClient(verify=self._tls, timeout=None) as client:  # noqa: S113
            try:
                async with client.stream("POST", self.url, json=body, headers=self._headers) as response:
                    await _require_success(response)
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                log.warning("wake_hook_unreachable", queue=call.queue, error=repr(error))
                raise HookError(f"the address gave no answer ({type(error).__name__})") from error

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}


async def _require_success(response: httpx.Response) -> None:
    if response.is_success:
        return
    said = bytearray()
    async for part in response.aiter_raw():
        said += part
        if len(said) >= SHOWN_BYTES:
            break
    log.warning("wake_hook_refused", status=response.status_code, said=said[:SHOWN_BYTES].decode(errors="replace"))
    raise HookError(f"the address answered {response.status_code}")
