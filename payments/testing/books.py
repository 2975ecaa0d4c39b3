"""The books of the provider double: what it was asked, what it did, and whose money it has.

They are a file of their own, beside everything that Taquilla keeps: after any crash, `taken()` is
what buyers really paid, to be compared with what was sold. Several processes may share them; a
process that is killed loses nothing (no power is cut in a test, so nothing waits for the disk).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from payments.testing.entries import Entry
from payments.testing.page import SCHEMA, Page
from payments.testing.script import Queue, parse

BUSY_SECONDS_MAX: Final = 10.0
"""How long one process waits for another's transaction; each lasts about a millisecond."""

ANY: Final = ""
"""The account or the reference of a script that waits for whichever payment comes next."""


class Books:
    """Blocking calls, each one transaction: from a coroutine, in a thread."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet; the file is made by the first call."""
        self.path = path

    @contextmanager
    def transaction(self) -> Iterator[Page]:
        """All of it or nothing; the next one waits."""
        with closing(
            sqlite3.connect(self.path, timeout=BUSY_SECONDS_MAX, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN IMMEDIATE")
            try:
                if connection.execute("PRAGMA user_version").fetchone() == (0,):
                    for statement in SCHEMA.split(";")[:-1]:
                        connection.execute(statement)
                    connection.execute("PRAGMA user_version = 1")
                yield Page(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def taken(self) -> dict[str, int]:
        """What buyers have paid and not got back, by currency, in minor units."""
        totals: dict[str, int] = {}
        for entry in self.entries():
            left = entry.captured_minor - entry.refunded_minor
            totals[entry.amount.currency] = totals.get(entry.amount.currency, 0) + left
        return {currency: total for currency, total in totals.items() if total}

    def entries(self) -> Sequence[Entry]:
        """Every payment, oldest first."""
        with self.transaction() as page:
            return page.entries()

    def find(self, reference: str) -> Entry | None:
        """The payment of this reference, whichever account it is of."""
        return next((each for each in self.entries() if each.reference == reference), None)

    def charged_minor(self, reference: str) -> int:
        """All that was taken from the buyer under this reference, refunds not deducted."""
        entry = self.find(reference)
        return entry.captured_minor if entry else 0

    def requests(self, reference: str) -> Sequence[tuple[str, bool]]:
        """Each request that arrived, and whether it was executed."""
        with self.transaction() as page:
            return page.requests(reference)

    def program(
        self, text: str, *, queue: Queue = Queue.SCRIPT, account: str = ANY, reference: str = ANY
    ) -> None:
        """Says what happens to a payment: to the next new one, unless a reference is given."""
        steps = parse(text, queue)
        with self.transaction() as page:
            page.write_steps(account, reference, queue, steps)
