"""The judge catches what it is there for: faults planted in what it reads, each in words."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from app.ledger import upgrade_ledger
from tests.flows.crowd import Answer
from tests.rehearsals.client_log import Attempt, Intent, Story, Wish
from tests.rehearsals.judge import Stock, judge, read_ledger

EVENT = "concert"
STOCK = {EVENT: Stock(capacity=20, available=14, held=0, sold=6)}
LIVES = {
    Intent.BUY: ("OrderConfirmed",),
    Intent.CONFIRM: ("OrderHeld", "OrderConfirmed"),
    Intent.RELEASE: ("OrderHeld", "OrderReleased"),
    Intent.LEAVE: ("OrderHeld", "OrderExpired"),
}
STATUSES = {"OrderConfirmed": "confirmed", "OrderReleased": "released", "OrderExpired": "expired"}
REFUSED, UNAVAILABLE, BUYER = 5, 6, 1


def order_id(buyer: int) -> str:
    return f"02.{EVENT}.order{buyer}"


def told(verb: str, status: int, body: Mapping[str, object]) -> Attempt:
    return Attempt(verb, 0.0, 1.0, Answer(status, {}, body))


def a_story(buyer: int, intent: Intent) -> Story:
    """Buyer n wants n units, and everything went well."""
    story = Story(Wish(buyer, EVENT, buyer, intent))
    born: dict[str, object] = {
        "id": order_id(buyer),
        "event_id": EVENT,
        "status": "confirmed" if intent is Intent.BUY else "held",
        "lines": [{"ticket_type": "adult", "quantity": buyer}],
    }
    story.attempts = [told("place", 503, {"code": "unavailable"}), told("place", 201, born)]
    if intent in {Intent.CONFIRM, Intent.RELEASE}:
        word = "confirmed" if intent is Intent.CONFIRM else "released"
        story.attempts.append(told(intent.name.lower(), 200, born | {"status": word}))
    return story


@pytest.fixture
def stories() -> list[Story]:
    refused = Story(Wish(REFUSED, EVENT, 1, Intent.BUY))
    refused.attempts = [told("place", 504, {"code": "outcome-unknown"})]
    refused.attempts.append(told("place", 409, {"code": "sold-out"}))
    gave_up = Story(Wish(UNAVAILABLE, EVENT, 1, Intent.BUY, patient=False))
    gave_up.attempts = [told("place", 503, {"code": "unavailable"})]
    return [
        *(a_story(buyer, intent) for buyer, intent in enumerate(LIVES, 1)),
        *(refused, gave_up),
        # Buyer 7 bought three, so that 1 + 2 + 3 are sold.
        Story(Wish(7, EVENT, 3, Intent.BUY), [told("place", 201, _seven())]),
    ]


def _seven() -> dict[str, object]:
    lines = [{"ticket_type": "adult", "quantity": 3}]
    return {"id": order_id(7), "event_id": EVENT, "status": "confirmed", "lines": lines}


@pytest.fixture
async def ledger(tmp_path: Path) -> Path:
    """As it ought to be after these stories."""
    await upgrade_ledger(None, tmp_path)
    path = tmp_path / "ledger.sqlite3"
    seq = 0
    with closing(sqlite3.connect(path)) as connection:
        lives = [(buyer, buyer, life) for buyer, life in enumerate(LIVES.values(), 1)]
        for buyer, quantity, life in [*lives, (7, 3, LIVES[Intent.BUY])]:
            _insert_order(connection, buyer, quantity, STATUSES[life[-1]])
            for kind in life:
                seq += 1
                connection.execute(
                    "INSERT INTO facts VALUES (2, 1, ?, ?, ?, ?, ?, 0, '')",
                    (seq, f"fact-{seq}", kind, EVENT, order_id(buyer)),
                )
        connection.execute(
            "INSERT INTO sales (event_id, ticket_type, held_quantity, sold_quantity,"
            " cancelled_quantity, sold_amount_minor, currency)"
            " VALUES (?, 'adult', 0, 6, 0, 0, 'EUR')",
            (EVENT,),
        )
        connection.commit()
    return path


def _insert_order(
    connection: sqlite3.Connection, buyer: int, quantity: int, status: str, name: str | None = None
) -> None:
    identifier = name or order_id(buyer)
    connection.execute(
        "INSERT INTO orders (order_id, event_id, customer_ref, status, total_minor, currency,"
        " created_at_ms, version, epoch, seq) VALUES (?, ?, ?, ?, 0, 'EUR', 0, 1, 1, 1)",
        (identifier, EVENT, f"ref{buyer}", status),
    )
    connection.execute(
        "INSERT INTO order_lines VALUES (?, 0, 'adult', 'Adult', ?, 0)", (identifier, quantity)
    )
    connection.execute(
        "INSERT OR IGNORE INTO customers VALUES (?, ?, NULL, 0, 0)",
        (f"ref{buyer}", f"buyer{buyer}@example.com"),
    )


def faults_after(
    plant: Callable[[sqlite3.Connection], object], ledger: Path, stories: list[Story]
) -> str:
    with closing(sqlite3.connect(ledger)) as connection:
        plant(connection)
        connection.commit()
    return "\n".join(judge(stories, read_ledger(ledger), STOCK, {}))


def test_what_went_well_is_found_good(ledger: Path, stories: list[Story]) -> None:
    assert faults_after(lambda _: None, ledger, stories) == ""


def test_a_lost_order(ledger: Path, stories: list[Story]) -> None:
    def lose(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM orders WHERE order_id = ?", (order_id(1),))
        connection.execute("DELETE FROM facts WHERE order_id = ?", (order_id(1),))

    found = faults_after(lose, ledger, stories)
    assert f"buyer 1: the acknowledged order {order_id(1)} is not in the ledger" in found
    assert "partition 2 has 7 facts, but the last is number 8" in found


def test_a_doubled_order(ledger: Path, stories: list[Story]) -> None:
    found = faults_after(
        lambda connection: _insert_order(connection, 1, 1, "confirmed", f"02.{EVENT}.twin"),
        ledger,
        stories,
    )
    assert "buyer 1: has 2 orders for one key" in found


def test_another_quantity(ledger: Path, stories: list[Story]) -> None:
    found = faults_after(
        lambda connection: connection.execute(
            "UPDATE order_lines SET quantity = 9 WHERE order_id = ?", (order_id(2),)
        ),
        ledger,
        stories,
    )
    assert "buyer 2: asked for 2 adult, the ledger has {'adult': 9}" in found
    assert "but the ledger's orders have" in found


@pytest.mark.parametrize(
    ("buyer", "words"),
    [
        (REFUSED, "buyer 5: was refused in the end (sold-out), and has the order"),
        (UNAVAILABLE, "buyer 6: was told that nothing had happened, and has the order"),
        (99, "nobody asked for it"),
    ],
)
def test_an_order_that_must_not_be(
    buyer: int, words: str, ledger: Path, stories: list[Story]
) -> None:
    found = faults_after(
        lambda connection: _insert_order(connection, buyer, 1, "confirmed"), ledger, stories
    )
    assert words in found


@pytest.mark.parametrize(
    ("buyer", "status"), [(1, "expired"), (2, "expired"), (3, "confirmed"), (4, "held")]
)
def test_an_ending_that_nobody_was_told_of(
    buyer: int, status: str, ledger: Path, stories: list[Story]
) -> None:
    found = faults_after(
        lambda connection: connection.execute(
            "UPDATE orders SET status = ? WHERE order_id = ?", (status, order_id(buyer))
        ),
        ledger,
        stories,
    )
    assert f"buyer {buyer}: order {order_id(buyer)} is {status}; from what was told" in found
    assert f"order {order_id(buyer)} is {status}, its facts say" in found


def test_a_life_that_no_order_may_lead(ledger: Path, stories: list[Story]) -> None:
    found = faults_after(
        lambda connection: connection.execute(
            "UPDATE facts SET kind = 'OrderConfirmed' WHERE kind = 'OrderHeld'"
        ),
        ledger,
        stories,
    )
    assert "lived ('OrderConfirmed', 'OrderConfirmed')" in found


def test_a_report_that_differs(ledger: Path, stories: list[Story]) -> None:
    found = faults_after(
        lambda connection: connection.execute("UPDATE sales SET sold_quantity = 5"), ledger, stories
    )
    assert "the report has (5, 0) sold and held" in found


def test_the_answer_that_another_buyer_should_have_had(ledger: Path, stories: list[Story]) -> None:
    (mine, *_), theirs = stories, stories[1]
    mine.attempts[-1] = theirs.attempts[1]
    found = "\n".join(judge(stories, read_ledger(ledger), STOCK, {}))
    assert "buyer 1: was answered with somebody else's order" in found
    assert f"buyer 1: was given {order_id(2)}, the ledger has {order_id(1)}" in found


def test_stock_that_does_not_add_up(ledger: Path, stories: list[Story]) -> None:
    found = judge(stories, read_ledger(ledger), {EVENT: Stock(20, 13, 0, 6)}, {})
    assert found == [f"{EVENT}: {Stock(20, 13, 0, 6)} does not add up"]


def test_http_that_tells_another_story(ledger: Path, stories: list[Story]) -> None:
    read_back = {order_id(1): Answer(404, {}, {"code": "not-found"})}
    (fault,) = judge(stories, read_ledger(ledger), STOCK, read_back)
    assert "is confirmed in the ledger, HTTP says" in fault
