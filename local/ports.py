"""TCP ports of this machine."""

from __future__ import annotations

import secrets
import socket

BELOW_OUTGOING = range(20_000, 32_000)
"""Ports that the kernel gives to no outgoing connection: who dies finds its own free when it comes back."""


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
    for port in secrets.SystemRandom().sample(BELOW_OUTGOING, 1000):
        if is_free(host, port):
            return port
    raise OSError(f"no TCP port of {host} is free")
