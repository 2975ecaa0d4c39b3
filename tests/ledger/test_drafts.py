"""Drafts belong to the ledger until they are opened, and never change after it."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.events import EventConfiguration
from app.domain.ids import EventId, OrganiserId
from app.ledger import Draft, Ledger
from app.ledger.configuration_json import read_configuration, write_configuration
from app.runtime.errors import ContractError
from tests.builders import a_ticket_type, an_event

CONCERT = EventId("concert")


def a_rich_event() -> EventConfiguration:
    types = (
        a_ticket_type("adult", price=1050, pools=("floor", "house"), on_sale_from_ms=1),
        a_ticket_type("niña", on_sale_until_ms=2, max_per_customer=3),
    )
    return an_event(pools={"floor": 10, "house": 0}, ticket_types=types)


def test_a_configuration_comes_back_as_it_was_written() -> None:
    assert read_configuration(write_configuration(a_rich_event())) == a_rich_event()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"hold_seconds":600', '"hold_seconds":"600"'),
        ('"hold_seconds":600', '"hold_seconds":600.0'),
        ('"hold_seconds":600', '"hold_seconds":600,"colour":"red"'),
        ('"hold_seconds":600,', ""),
        ('"currency":"EUR"}', '"currency":"XXX"}'),
        ('{"id"', '{{"id"'),
    ],
)
def test_a_text_that_we_cannot_have_written_is_refused(before: str, after: str) -> None:
    text = write_configuration(a_rich_event())
    assert before in text
    with pytest.raises(ContractError):
        read_configuration(text.replace(before, after, 1))


async def test_a_draft_is_read_as_it_was_made(ledger: Ledger) -> None:
    assert await ledger.drafts.create(a_rich_event(), 5)
    assert await ledger.drafts.read(CONCERT) == Draft(
        a_rich_event(), is_opened=False, version=1, created_at_ms=5
    )
    assert await ledger.drafts.read(EventId("other")) is None


async def test_an_id_is_given_once_whoever_asks(ledger: Ledger) -> None:
    assert await ledger.drafts.create(an_event(), 5)
    assert not await ledger.drafts.create(an_event(organiser_id="club"), 6)
    draft = await ledger.drafts.read(CONCERT)
    assert draft is not None
    assert draft.configuration.organiser_id == "hall"


async def test_a_replacement_must_know_the_version(ledger: Ledger) -> None:
    await ledger.drafts.create(an_event(), 5)
    renamed = replace(an_event(), name="Renamed")
    assert await ledger.drafts.replace(CONCERT, 1, renamed)
    assert not await ledger.drafts.replace(CONCERT, 1, an_event())
    draft = await ledger.drafts.read(CONCERT)
    assert draft is not None
    assert (draft.configuration, draft.version) == (renamed, 2)


async def test_an_opened_draft_is_locked_for_ever(ledger: Ledger) -> None:
    await ledger.drafts.create(an_event(), 5)
    for _ in range(2):
        opened = await ledger.drafts.mark_opened(CONCERT)
        assert opened == Draft(an_event(), is_opened=True, version=1, created_at_ms=5)
    assert not await ledger.drafts.replace(CONCERT, 1, replace(an_event(), name="Renamed"))
    assert await ledger.drafts.mark_opened(EventId("other")) is None


async def test_opening_and_replacing_at_once_agree_on_what_is_opened(ledger: Ledger) -> None:
    await ledger.drafts.create(an_event(), 5)
    renamed = replace(an_event(), name="Renamed")
    opened, replaced = await asyncio.gather(
        ledger.drafts.mark_opened(CONCERT), ledger.drafts.replace(CONCERT, 1, renamed)
    )
    assert opened is not None
    assert opened.configuration == (renamed if replaced else an_event())


async def test_an_organiser_lists_own_drafts_by_id_page_by_page(ledger: Ledger) -> None:
    for each in ("b", "a-1", "a", "c"):
        await ledger.drafts.create(an_event(each), 5)
    await ledger.drafts.create(an_event("aa", organiser_id="club"), 5)
    hall = OrganiserId("hall")
    first = await ledger.drafts.list(hall, None, 3)
    assert [each.configuration.id for each in first] == ["a", "a-1", "b"]
    second = await ledger.drafts.list(hall, EventId("b"), 3)
    assert [each.configuration.id for each in second] == ["c"]
