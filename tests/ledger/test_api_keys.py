"""A key is shown once, found by its secret, and ends when it is revoked."""

from sqlalchemy import select

from app.domain.ids import OrganiserId
from app.ledger import ApiKey, Ledger, Scope
from app.ledger.tables import api_keys

HALL = OrganiserId("hall")
READ = frozenset({Scope.EVENTS_READ, Scope.FACTS_READ})


async def test_a_new_key_is_found_by_its_secret(ledger: Ledger) -> None:
    made = await ledger.api_keys.create(HALL, "laptop", READ, 5)
    prefix, key_id, secret = made.secret_text.split("_", 2)
    assert (prefix, key_id, len(secret)) == ("tq", made.id, 43)
    expected = ApiKey(made.id, HALL, "laptop", READ, 5, None)
    assert await ledger.api_keys.find(made.secret_text) == expected


async def test_anything_else_finds_nothing(ledger: Ledger) -> None:
    made = await ledger.api_keys.create(HALL, "laptop", READ, 5)
    other = await ledger.api_keys.create(HALL, "phone", READ, 5)
    mixed = f"tq_{made.id}_{other.secret_text.split('_', 2)[2]}"
    for text in ("", "tq", mixed, made.secret_text + "a", made.secret_text + "\n", "tq_é_é"):
        assert await ledger.api_keys.find(text) is None


async def test_the_secret_itself_is_not_kept(ledger: Ledger) -> None:
    made = await ledger.api_keys.create(HALL, "laptop", READ, 5)
    secret = made.secret_text.split("_", 2)[2]
    async with ledger._database.read() as connection:
        row = (await connection.execute(select(api_keys))).one()
    assert secret not in " ".join(str(each) for each in row)


async def test_a_revoked_key_is_over_and_still_listed(ledger: Ledger) -> None:
    made = await ledger.api_keys.create(HALL, "laptop", READ, 5)
    newer = await ledger.api_keys.create(HALL, "phone", frozenset(), 6)
    assert await ledger.api_keys.revoke(made.id, 9)
    assert not await ledger.api_keys.revoke(made.id, 10)
    assert not await ledger.api_keys.revoke("nobody", 10)
    assert await ledger.api_keys.find(made.secret_text) is None
    listed = [(each.id, each.revoked_at_ms) for each in await ledger.api_keys.list()]
    assert listed == [(made.id, 9), (newer.id, None)]
