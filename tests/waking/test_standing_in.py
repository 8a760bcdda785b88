"""What is done while no worker lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from playhead.asking.requests import Requests
from playhead.identity import new_id
from playhead.models import ADMIN_OWNER, Adventure, AdventureEntry
from playhead.waking.standing_in import StandIn
from tests.waking.conftest import TYPES

if TYPE_CHECKING:
    from tests.waking.conftest import Yard


async def ended(yard: Yard) -> None:
    """An entry whose jobs are over, and that nobody has written down."""
    about = {"language": "en", "level": "A1", "theme": "An old house", "annotated": True}
    async with yard.database.transaction() as session:
        adventure = Adventure(id=new_id(), owner_id=ADMIN_OWNER, **about)
        session.add(adventure)
        await session.flush()
        session.add(AdventureEntry(adventure_id=adventure.id, number=1, batch_id=new_id()))


@pytest.mark.parametrize("alive", [False, True])
async def test_an_entry_is_written_down_though_all_sleep(yard: Yard, alive: bool) -> None:  # noqa: FBT001
    if alive:
        await yard.hire()
    await ended(yard)
    await StandIn(Requests(TYPES, yard.settings), yard.storage).sweep(yard.database)
    async with yard.database.transaction() as session:
        entry = (await session.scalars(select(AdventureEntry))).one()
    assert entry.status == ("pending" if alive else "error"), "of one that lives it is the own housekeeping"
