"""The ledger, opened: one attribute for each thing that can be asked of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.facts import Fact
from app.ledger.api_keys import ApiKeys
from app.ledger.archive import Archive
from app.ledger.cursors import Cursors
from app.ledger.customers import Customers
from app.ledger.database import Database
from app.ledger.drafts import Drafts
from app.ledger.engines import parse_address
from app.ledger.events import Events
from app.ledger.instance import Instance
from app.ledger.migrating import read_newest_revision, read_revision
from app.ledger.orders import Orders
from app.ledger.payments.notices import Notices
from app.ledger.payments.payments import Payments
from app.ledger.payments.spent_grants import SpentGrants
from app.ledger.projection import Projection
from app.ledger.rebuilding import rebuild
from app.ledger.revocations import Revocations
from app.ledger.sales import Sales

REBUILD_BATCH_FACTS = 1_000


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Revisions; `current` is None in an empty database."""

    current: str | None
    newest: str | None

    @property
    def is_newest(self) -> bool:
        return self.current == self.newest


class Ledger:
    """Whatever it is asked for, what fails is a TaquillaError: Unavailable and OutcomeUnknown pass,
    ContractError is a bug. Safe to use from many tasks of one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.instance = Instance(database)
        self.drafts = Drafts(database)
        self.api_keys = ApiKeys(database)
        self.customers = Customers(database)
        self.projection = Projection(database)
        self.cursors = Cursors(database)
        self.archive = Archive(database)
        self.events = Events(database)
        self.orders = Orders(database)
        self.sales = Sales(database)
        self.revocations = Revocations(database)
        self.payments = Payments(database)
        self.notices = Notices(database)
        self.grants = SpentGrants(database)

    async def check(self) -> SchemaState:
        """Asks the database one small thing. Raises Unavailable when it does not answer."""
        async with self._database.read() as connection:
            current = await connection.run_sync(read_revision)
        return SchemaState(current, read_newest_revision())

    async def rebuild_read_models(
        self, decode: Callable[[str], Fact], *, facts_a_batch: int = REBUILD_BATCH_FACTS
    ) -> int:
        """Makes events, orders and sales again from the archive; answers how many facts it has.
        Projectors wait meanwhile."""
        return await rebuild(self._database, decode, facts_a_batch)

    async def aclose(self) -> None:
        await self._database.aclose()


async def open_ledger(url: str | None, *, data_dir: Path, timeout_seconds: float) -> Ledger:
    """`url` None: the SQLite file in `data_dir`. `timeout_seconds` bounds every transaction. The
    database is reached at the first question, so that a process can start before it does. Raises
    ConfigurationError."""
    return Ledger(Database(parse_address(url, data_dir), timeout_seconds=timeout_seconds))
