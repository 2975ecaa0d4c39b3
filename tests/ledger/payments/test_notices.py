"""The inbox keeps every notice once, until it was handled."""

import asyncio
from dataclasses import replace

from app.ledger import Ledger, NewNotice, NoticeKey, Taken, open_ledger
from payments import NextAction, RemoteStatus
from tests.ledger.conftest import Address
from tests.ledger.payments.tries import a_snapshot


def a_notice(event_key: str = "ev-1", *, digest: str = "d1", at_ms: int = 1_000) -> NewNotice:
    return NewNotice("sandbox", "main", event_key, digest, "one", "captured", a_snapshot(), at_ms)


def key_of(notice: NewNotice) -> NoticeKey:
    return NoticeKey(notice.method, notice.account, notice.event_key)


async def test_a_notice_is_new_once(ledger: Ledger) -> None:
    notices = [a_notice("ev-1"), a_notice("ev-2"), a_notice("ev-1")]
    assert await ledger.notices.take(notices) == Taken(2, ())
    assert await ledger.notices.take([*notices, a_notice("ev-3")]) == Taken(1, ())
    assert await ledger.notices.take([]) == Taken(0, ())


async def test_the_same_key_at_another_account_is_another_notice(ledger: Ledger) -> None:
    notice = a_notice()
    other = replace(notice, account="second")
    assert await ledger.notices.take([notice, other]) == Taken(2, ())


async def test_a_known_key_with_another_content_is_a_conflict_and_changes_nothing(
    ledger: Ledger,
) -> None:
    await ledger.notices.take([a_notice()])
    forged = a_notice(digest="d2")
    taken = await ledger.notices.take([forged, a_notice("ev-2")])
    assert taken == Taken(1, (key_of(forged),))
    assert [each.digest for each in await ledger.notices.due(1_000, 9)] == ["d1", "d1"]


async def test_of_many_deliveries_at_once_each_notice_is_new_once(
    ledger: Ledger, address: Address
) -> None:
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
    notices = [a_notice(f"ev-{number}") for number in range(6)]
    taken = await asyncio.gather(
        *(
            each.notices.take(notices if number % 2 else notices[::-1])
            for number in range(4)
            for each in (ledger, other)
        )
    )
    await other.aclose()
    assert sum(each.new for each in taken) == 6
    assert not any(each.conflicting for each in taken)


async def test_a_notice_comes_back_as_it_was_told(ledger: Ledger) -> None:
    action = NextAction(kind="post_form", url="https://pay.example", fields={"a": 1, "b": True})
    snapshot = replace(a_snapshot(status=RemoteStatus.REQUIRES_ACTION), next_action=action)
    told = replace(a_notice(), snapshot=snapshot)
    hint = replace(a_notice("ev-2", at_ms=2_000), snapshot=None)
    await ledger.notices.take([told, hint])
    first, second = await ledger.notices.due(2_000, 9)
    assert (first.key, first.reference, first.kind) == (key_of(told), "one", "captured")
    assert (first.snapshot, second.snapshot) == (snapshot, None)
    assert (first.received_at_ms, first.next_at_ms, first.attempts) == (1_000, 1_000, 0)


async def test_due_is_what_was_not_handled_and_whose_time_has_come(ledger: Ledger) -> None:
    notices = [a_notice(f"ev-{number}", at_ms=1_000 + number) for number in range(4)]
    await ledger.notices.take(notices)
    await ledger.notices.handled(key_of(notices[0]), 5_000)
    await ledger.notices.retry(key_of(notices[1]), 9_000)
    assert [each.key for each in await ledger.notices.due(8_999, 9)] == [
        key_of(each) for each in notices[2:]
    ]
    assert len(await ledger.notices.due(8_999, 1)) == 1
    assert await ledger.notices.due(1_001, 9) == []
    last = (await ledger.notices.due(9_000, 9))[-1]
    assert (last.key, last.attempts) == (key_of(notices[1]), 1)


async def test_what_was_handled_stays_handled(ledger: Ledger) -> None:
    notice = a_notice()
    await ledger.notices.take([notice])
    for _ in range(2):
        await ledger.notices.handled(key_of(notice), 5_000)
    await ledger.notices.retry(key_of(notice), 6_000)
    await ledger.notices.take([notice])
    assert await ledger.notices.due(10**12, 9) == []
