"""Making a database cluster: whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.account import Account
from playhead.errors import UnavailableError

ROLE = "playhead"
DATABASE = "playhead"


def environment() -> dict[str, str]:
    """The environment of PostgreSQL's programs: the caller's PGDATA, PGPORT and locale must not reach them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def make_cluster(programs: Path, cluster: Path, account: Account, password: str) -> None:
    """Make ``cluster`` with one role and one database, both named `playhead`, unless it is there already.

    It is built beside its place and renamed into it: a cluster that exists is complete, whenever the plug was pulled.

    Raises:
        UnavailableError: it cannot be made (disk full, say); the program's own words are in the message.
    """
    if cluster.exists():
        _check_version(programs, cluster)
        return
    for leftover in cluster.parent.glob("new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=cluster.parent))
    _fill(programs, fresh, account, password)
    (fresh / "cluster").rename(cluster)
    shutil.rmtree(fresh)
    _sync(cluster.parent)


def _fill(programs: Path, fresh: Path, account: Account, password: str) -> None:
    secret = fresh / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    account.owns(secret)
    account.owns(fresh)  # last: until here nobody else can meddle with what root writes
    target = fresh / "cluster"
    # The built-in locale sorts alike on every machine and survives an upgrade of the system's C library.
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    auth = ("--auth=scram-sha-256", f"--pwfile={secret}", f"--username={ROLE}")
    _run([programs / "initdb", "-D", target, *locale, *auth], account)
    _run([programs / "postgres", "--single", "-D", target, "postgres"], account, f"CREATE DATABASE {DATABASE}\n")


def _run(command: list[Path | str], account: Account, stdin: str = "") -> None:
    done = subprocess.run(  # noqa: S603 - a program of ours
        command, input=stdin, text=True, check=False, capture_output=True, cwd="/", env=environment(), **account.drop
    )
    if done.returncode != 0:
        message = f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-500:]}"
        raise UnavailableError(message)


def _check_version(programs: Path, cluster: Path) -> None:
    """A newer PostgreSQL does not read an older one's files: say so before its log does."""
    made_by = (cluster / "PG_VERSION").read_text().strip()
    said = subprocess.run(  # noqa: S603 - a program of ours
        [programs / "postgres", "--version"], check=True, capture_output=True, text=True, env=environment()
    ).stdout
    installed = said.split()[-1].split(".")[0]
    if made_by != installed:
        message = (
            f"{cluster} was made by PostgreSQL {made_by}, installed is {installed}: install the former, dump, restore"
        )
        raise UnavailableError(message)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
