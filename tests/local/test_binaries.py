from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local import binaries as subject
from local.account import Account, account_for
from playhead.errors import UnavailableError


def test_the_packaged_programs_are_used_in_place_where_they_run(folder: Path) -> None:
    programs = subject.binaries(Account(os.geteuid(), os.getegid()), system_dir=folder / "system")
    assert (programs / "postgres").is_file()
    assert not (folder / "system").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_programs_that_the_user_cannot_reach_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = subject._packaged()
    private = folder / "home"
    private.mkdir(mode=0o700)
    site = private / "site-packages"
    site.symlink_to(packaged.parents[2])  # reached through a folder that is closed to others
    monkeypatch.setattr(subject, "_packaged", lambda: site / packaged.relative_to(packaged.parents[2]))
    account = account_for(folder / "server")
    programs = subject.binaries(account, system_dir=folder / "system")
    assert programs.is_relative_to(folder / "system")
    ran = subprocess.run([programs / "initdb", "--version"], check=True, capture_output=True, cwd="/", **account.drop)
    assert b"PostgreSQL" in ran.stdout
    copied_at = (programs / "postgres").stat().st_ctime_ns
    assert subject.binaries(account, system_dir=folder / "system") == programs
    assert (programs / "postgres").stat().st_ctime_ns == copied_at


def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "PACKAGE", "no_such_package")
    with pytest.raises(UnavailableError, match=r"pip install playhead\[embedded\]"):
        subject.binaries(Account(os.geteuid(), os.getegid()), system_dir=Path("/nonexistent"))
