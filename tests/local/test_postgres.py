"""An embedded server: reached by every driver, shared, and never left behind."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import psutil
import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from local.postgres import EmbeddedPostgres
from playhead.errors import UnavailableError
from tests.local.owner import Owner

FAST = {"fsync": "off"}
Begin = Callable[..., Owner]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    started = EmbeddedPostgres(folder / "pg", FAST)
    with started:
        yield started


def ask(url: str, question: str = "SELECT 1") -> object:
    with closing(psycopg.connect(url)) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row
        return row[0]


def process_of(server: EmbeddedPostgres) -> psutil.Process:
    assert server.pid
    return psutil.Process(server.pid)


def processes_of(server: EmbeddedPostgres) -> dict[int, int]:
    """Their ids, and the users that they run as; some may end meanwhile, as that of a connection does."""
    found = {}
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(server.place.cluster):
                found[process.pid] = process.uids().effective
        except psutil.Error:
            continue
    return found


def long_folder(folder: Path) -> Path:
    return folder / ("long" * 30) / "pg"


async def check_drivers(url: str) -> None:
    assert ask(url) == 1
    direct = await asyncpg.connect(url)
    try:
        assert await direct.fetchval("SELECT current_database()") == "playhead"
    finally:
        await direct.close()
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 'Ärger' ILIKE 'äRGER'"))).scalar() is True
    await engine.dispose()


async def test_every_driver_takes_the_url_of_a_socket(server: EmbeddedPostgres) -> None:
    assert "?host=/" in server.url
    await check_drivers(server.url)


@pytest.mark.heavy
async def test_a_long_path_is_reached_by_tcp_on_the_loopback(folder: Path) -> None:
    with EmbeddedPostgres(long_folder(folder), FAST) as server:
        assert "@127.0.0.1:" in server.url
        await check_drivers(server.url)


@pytest.mark.heavy
def test_any_folder_name_will_do(folder: Path) -> None:
    with EmbeddedPostgres(folder / "a b:c,d'e ü%20", FAST) as server:
        assert ask(server.url) == 1


@pytest.mark.parametrize("place", [lambda folder: folder / "pg", long_folder], ids=["socket", "tcp"])
def test_without_the_password_nobody_gets_in(folder: Path, place: Callable[[Path], Path]) -> None:
    with EmbeddedPostgres(place(folder), FAST) as server:
        wrong = make_url(server.url).set(password="guess").render_as_string(hide_password=False)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask(wrong)


def test_what_is_private_is_closed_to_others(server: EmbeddedPostgres) -> None:
    modes = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in (server.place.data_dir / "password", server.place.cluster, server.place.sockets)
    }
    assert list(modes.values()) == [0o600, 0o700, 0o700]


def test_a_second_start_changes_nothing(server: EmbeddedPostgres) -> None:
    before = server.pid, server.url
    assert server.start() == before[1]
    assert (server.pid, server.url) == before


def test_a_restart_keeps_url_and_data(server: EmbeddedPostgres) -> None:
    url, pid = server.url, server.pid
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.restart() == url
    assert server.pid != pid
    assert ask(url, "SELECT answer FROM kept") == 42


def test_stop_leaves_no_process_and_can_be_repeated(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg", FAST)
    server.start()
    assert processes_of(server)
    server.stop()
    assert (server.pid, processes_of(server)) == (None, {})
    server.stop()


@pytest.mark.heavy
def test_the_pid_of_a_stranger_is_not_taken_for_the_server(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg", FAST)
    with server:
        lines = (server.place.cluster / "postmaster.pid").read_text().splitlines()
    # As after a reboot: the number is somebody else's now, and the file still says `ready`.
    (server.place.cluster / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not server.pid
    with server:
        assert process_of(server).pid != os.getpid()
        assert ask(server.url) == 1


@pytest.mark.heavy
def test_a_damaged_pid_file_is_no_obstacle(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg", FAST)
    with server:
        pass
    for content in ("", "no number\n", "-1\n", "99999999999999999999\n"):
        (server.place.cluster / "postmaster.pid").write_text(content)
        with server:
            assert ask(server.url) == 1


def test_a_killed_server_comes_back_with_what_was_committed(server: EmbeddedPostgres) -> None:
    with closing(psycopg.connect(server.url, autocommit=True)) as busy:
        busy.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        # A child that is busy does not notice the death, and would bar the next server from its shared memory.
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        killed = process_of(server)
        killed.kill()
        killed.wait(20)
        assert server.pid is None
        server.start()
    assert ask(server.url, "SELECT answer FROM kept") == 42


def test_two_processes_share_one_server_and_the_last_one_ends_it(folder: Path, owner: Begin) -> None:
    other, server = owner(folder / "pg"), EmbeddedPostgres(folder / "pg", FAST)
    url = other.says()
    assert server.start() == url
    pid = server.pid
    other.stop()
    assert server.pid == pid
    assert ask(url) == 1
    server.stop()
    assert processes_of(server) == {}


def test_owners_that_come_at_once_share_one_server(folder: Path, owner: Begin) -> None:
    owners = [owner(folder / "pg") for _ in range(3)]
    assert len({one.says() for one in owners}) == 1
    server = EmbeddedPostgres(folder / "pg", FAST)
    pid = server.pid
    owners[0].stop()
    owners[1].stop()
    assert server.pid == pid
    owners[2].stop()
    assert processes_of(server) == {}


def test_a_killed_owner_leaves_no_server(folder: Path, owner: Begin) -> None:
    killed, server = owner(folder / "pg"), EmbeddedPostgres(folder / "pg", FAST)
    killed.says()
    postmaster = process_of(server)
    keeper = postmaster.parent()
    assert keeper
    killed.kill()
    postmaster.wait(20)
    keeper.wait(20)
    assert processes_of(server) == {}


def test_a_killed_owner_takes_the_server_from_nobody(folder: Path, owner: Begin) -> None:
    killed = owner(folder / "pg")
    killed.says()
    with EmbeddedPostgres(folder / "pg", FAST) as server:
        pid = server.pid
        with closing(psycopg.connect(server.url)) as connection:
            killed.kill()
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert server.pid == pid
    assert processes_of(server) == {}


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="macOS tells no child of its parent's death")
def test_a_killed_keeper_takes_the_server_with_it_and_the_next_start_brings_both_back(server: EmbeddedPostgres) -> None:
    postmaster = process_of(server)
    keeper = postmaster.parent()
    assert keeper
    keeper.kill()
    postmaster.wait(20)
    server.start()
    assert ask(server.url) == 1


def test_tcp_keeps_its_port_unless_another_program_took_it(folder: Path) -> None:
    server = EmbeddedPostgres(long_folder(folder), FAST)
    first = server.start()
    assert server.restart() == first
    server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", make_url(first).port or 0))
        taken.listen()
        with server:
            assert server.url != first
            assert ask(server.url) == 1


def test_a_setting_that_postgres_refuses_is_told_in_its_words(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg", {"no_such_setting": "1"})
    with pytest.raises(UnavailableError, match=r"postgres\.log ends with: .*no_such_setting"):
        server.start()
    server.stop()
    assert processes_of(server) == {}


def test_files_of_another_major_version_are_named_before_anything_is_started(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg", FAST)
    with server:
        pass
    (server.place.cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(UnavailableError, match="was made by PostgreSQL 17"):
        server.start()
    server.stop()


def test_a_cluster_cut_off_in_the_making_is_made_anew(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "pg", FAST)
    server.place.prepare()
    half = server.place.server / "new-half"
    (half / "cluster").mkdir(parents=True)
    (half / "cluster" / "PG_VERSION").write_text("18\n")
    with server:
        assert ask(server.url) == 1
    assert not half.exists()


@as_root
def test_root_drops_to_another_user_and_leaves_the_folders_above_alone(folder: Path) -> None:
    modes = [path.stat().st_mode for path in (folder, *folder.parents)]
    with EmbeddedPostgres(folder / "pg", FAST) as server:
        assert 0 not in processes_of(server).values()
        assert server.place.cluster.stat().st_uid != 0
    assert [path.stat().st_mode for path in (folder, *folder.parents)] == modes


@as_root
def test_root_keeps_the_server_elsewhere_where_its_user_may_not_enter(folder: Path) -> None:
    private, elsewhere = folder / "private", folder / "system"
    private.mkdir(mode=0o700)
    server = EmbeddedPostgres(private / "pg", FAST, system_dir=elsewhere)
    with server:
        assert server.place.cluster.is_relative_to(elsewhere)
        assert ask(server.url) == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    with server:  # and finds it again
        assert ask(server.url) == 1
    assert len(list(elsewhere.glob("server-*"))) == 1


@as_root
@pytest.mark.parametrize("place", [lambda folder: folder / "pg", long_folder], ids=["socket", "tcp"])
def test_an_ordinary_user_needs_no_root(folder: Path, owner: Begin, place: Callable[[Path], Path]) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    ordinary = owner(place(folder), "--as", "nobody")
    assert ask(ordinary.says()) == 1
    server = EmbeddedPostgres(place(folder), FAST)
    assert set(processes_of(server).values()) == {nobody.pw_uid}
    ordinary.stop()
    assert processes_of(server) == {}


@as_root
def test_root_goes_on_with_the_files_of_an_ordinary_user(folder: Path, owner: Begin) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    ordinary = owner(folder / "pg", "--as", "nobody")
    ordinary.says()
    ordinary.stop()
    with EmbeddedPostgres(folder / "pg", FAST) as server:
        assert ask(server.url) == 1
        assert server.place.cluster.stat().st_uid == nobody.pw_uid


@as_root
def test_a_folder_of_somebody_else_is_refused_in_words(folder: Path, owner: Begin) -> None:
    with EmbeddedPostgres(folder / "pg", FAST):
        pass
    for path in (folder / "pg", folder / "pg" / "turn.lock"):
        path.chmod(0o777)
    assert "belongs to user id" in owner(folder / "pg", "--as", "nobody").says()
