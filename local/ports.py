"""TCP ports of this machine."""

from __future__ import annotations

import secrets
import socket
from itertools import islice

SERVERS = range(20_000, 32_000)
"""Below the kernel's default range for outgoing connections: a server that dies finds its port free again."""
TRIES = 1000


def is_free(host: str, port: int) -> bool:
    """Whether ``port`` of the local address ``host`` can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do it: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free(host: str) -> int:
    """A free port of ``host``, by chance. Free now: another program may take it before it is used.

    Raises:
        OSError: none was found free.
    """
    (port,) = free_ports(host, 1)
    return port


def free_ports(host: str, count: int) -> list[int]:
    """So many different ports, as :func:`any_free` finds one.

    Raises:
        OSError: too few were found free.
    """
    tried = secrets.SystemRandom().sample(SERVERS, TRIES)
    found = list(islice((port for port in tried if is_free(host, port)), count))
    if len(found) < count:
        raise OSError(f"{count} TCP ports of {host} were wanted, and {len(found)} of {TRIES} are free")
    return found
