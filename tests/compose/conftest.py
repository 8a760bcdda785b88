"""One stack for all these tests; each gets it whole and healthy. A failing test prints what the services logged."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime

import pytest

from tests.compose.client import Client
from tests.compose.stack import Stack

SINCE = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def _running() -> Iterator[Stack]:
    stack = Stack()
    try:
        stack.up()
        yield stack
    except AssertionError as error:
        error.add_note(stack.logs("2000-01-01T00:00:00Z"))
        raise
    finally:
        stack.down()


@pytest.fixture
def stack(_running: Stack) -> Stack:
    """The stack, whatever the test before did to it."""
    _running.heal()
    return _running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url(), stack.admin_key()) as client:
        yield client


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[SINCE] = datetime.now(UTC).isoformat()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("docker compose logs", stack.logs(item.stash[SINCE])))
    return report
