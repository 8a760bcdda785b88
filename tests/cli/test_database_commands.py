"""`playhead migrate`, `playhead keys` and `playhead owners`, on a real database."""

from __future__ import annotations

import asyncio
import json
import re
import socket

import asyncpg
import pytest

from playhead.migrate import head
from tests.cli.conftest import Run


@pytest.fixture
def empty(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", empty_database_url)
    return empty_database_url


@pytest.fixture
def migrated(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", database_url)
    return database_url


def test_migrate_may_be_repeated(run: Run, empty: str) -> None:
    for _ in range(2):
        result = run("migrate")
        assert result.exit_code == 0
        assert result.stdout == f"The database is at revision {head()}.\n"

    async def revision() -> object:
        connection = await asyncpg.connect(empty)
        try:
            return await connection.fetchval("SELECT version_num FROM alembic_version")
        finally:
            await connection.close()

    assert asyncio.run(revision()) == head()


def test_a_database_that_is_away_is_one_line_without_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", "postgresql://me:hidden@127.0.0.1:9/name")
    result = run("migrate")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database postgresql://me:********@127.0.0.1:9/name says: ")
    assert "Is the server up?" in result.stderr
    assert "hidden" not in result.stderr


def test_migrate_waits_for_a_database_that_is_not_up_yet(run: Run, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def upgrade(url: str) -> None:
        calls.append(url)
        if len(calls) == 1:
            raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("playhead.migrate.upgrade", upgrade)
    result = run("migrate", "--wait", "30")
    assert result.exit_code == 0
    assert calls == [empty, empty]
    assert "Waiting for the database" in result.stderr


def test_migrate_waits_no_longer_than_it_was_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PLAYHEAD_DATABASE_URL", f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/name")
        assert run("migrate", "--wait", "0.7").exit_code == 1


@pytest.mark.parametrize("url", ["not a url", "postgresql://me:hidden@db:port/name"])
def test_an_address_that_is_none_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", url)
    result = run("migrate")
    assert result.exit_code == 1
    assert "PLAYHEAD_DATABASE_URL is not an address" in result.stderr


def test_a_wrong_password_is_not_waited_for(run: Run, migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", re.sub(r":[^:@/]*@", ":wrong@", migrated))
    result = run("migrate", "--wait", "60")
    assert result.exit_code == 1
    assert "Check PLAYHEAD_DATABASE_URL" in result.stderr


def test_a_key_is_made_shown_once_listed_and_revoked(run: Run, migrated: str) -> None:
    assert migrated
    made = run("keys", "create", "laptop")
    token = made.stdout.strip()
    assert re.fullmatch(r"ph_[\w-]{43}", token)
    assert token not in made.stderr

    (listed,) = json.loads(run("keys", "list", "--json").stdout)
    assert (listed["name"], listed["owner"], listed["admin"], listed["revoked_at"]) == ("laptop", "laptop", False, None)
    assert token not in run("keys", "list").stdout

    assert run("keys", "revoke", token).stdout == f"{token[:11]}... (laptop) is void.\n"
    assert "revoked" in run("keys", "list").stdout
    again = run("keys", "revoke", token)
    assert again.exit_code == 1
    assert "no such valid key" in again.stderr


def test_an_admin_key_of_another_owner(run: Run, migrated: str) -> None:
    assert migrated
    made = json.loads(run("keys", "create", "ops", "--admin", "--owner", "team", "--json").stdout)
    assert (made["admin"], made["owner"], made["key"][:3]) == (True, "team", "ph_")


def test_an_owner_is_given_a_tier_that_there_is(run: Run, migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert migrated
    run("keys", "create", "alice")
    monkeypatch.setenv("PLAYHEAD_TIERS", '{"premium": 10, "gold": 20}')
    assert run("owners", "tier", "alice", "gold").stdout == "alice is gold: +20 to the rank of each job.\n"
    told = {info["name"]: (info["tier"], info["base"]) for info in json.loads(run("owners", "list", "--json").stdout)}
    assert told == {"admin": ("free", 0), "alice": ("gold", 20), "system:podcasts": ("free", 0)}

    for arguments, complaint in ((("alice", "lead"), "free, premium, gold"), (("bob", "gold"), "no owner 'bob'")):
        refused = run("owners", "tier", *arguments)
        assert (refused.exit_code, complaint in refused.stderr) == (1, True)

    monkeypatch.setenv("PLAYHEAD_TIERS", "{}")
    assert "unknown: 0" in run("owners", "list").stdout


@pytest.mark.parametrize("tiers", ['{"gold": 901}', '{"a b": 1}', '{"gold": "much"}'])
def test_tiers_that_cannot_be_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch, tiers: str) -> None:
    monkeypatch.setenv("PLAYHEAD_TIERS", tiers)
    refused = run("owners", "list")
    assert (refused.exit_code, "PLAYHEAD_TIERS" in refused.stderr) == (2, True)


def test_keys_of_a_database_without_tables_say_what_to_run(run: Run, empty: str) -> None:
    assert empty
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "playhead migrate" in result.stderr
