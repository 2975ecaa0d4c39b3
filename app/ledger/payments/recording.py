"""What was heard, joined to what is known, and kept as an observation where it is worth one."""

from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.ids import PaymentId
from app.ledger.payments.changes import Follows, Told, followed, told
from app.ledger.payments.json_text import write_redacted
from app.ledger.payments.reading import read_locked
from app.ledger.payments.rows import PaymentRow
from app.ledger.payments.tables import payment_observations
from app.ledger.payments.writing import changes_between, new_observation, write

_BY_CHANNEL: Final = (
    select(payment_observations.c.version)
    .where(
        payment_observations.c.payment_id == bindparam("payment_id"),
        payment_observations.c.channel == bindparam("channel"),
    )
    .limit(1)
)


async def record(
    connection: AsyncConnection, payment_id: PaymentId, news: Told, follows: Follows | None
) -> PaymentRow:
    before = await read_locked(connection, payment_id)
    after = told(before, news)
    if follows is not None:
        after = followed(after, follows(after), news.at_ms)
    if news.snapshot is None or not await _is_worth_keeping(connection, before, after, news):
        await write(connection, changes_between(before, after))
        return after
    if after.version == before.version:
        after = replace(after, version=before.version + 1, updated_at_ms=news.at_ms)
    observation = new_observation(before, after, news, write_redacted(news.snapshot))
    await write(connection, [*changes_between(before, after), observation])
    return after


async def _is_worth_keeping(
    connection: AsyncConnection, before: PaymentRow, after: PaymentRow, news: Told
) -> bool:
    """It tells something new, or what we know for the first time in this way."""
    if after.facts != before.facts:
        return True
    parameters = {"payment_id": before.payment_id, "channel": news.channel.value}
    return await connection.scalar(_BY_CHANNEL, parameters) is None
