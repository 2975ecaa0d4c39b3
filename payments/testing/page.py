"""The books of the provider double inside one transaction: their tables, read and written."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from payments.messages import RefundStatus, RemoteStatus
from payments.money import Money
from payments.testing.entries import Entry, Notice, RefundEntry
from payments.testing.script import Queue, Step, parse

SCHEMA: Final = """
CREATE TABLE payments (
    account TEXT, reference TEXT, amount_minor INTEGER, currency TEXT, status TEXT,
    authorized_minor INTEGER, captured_minor INTEGER, decline TEXT, is_capture INTEGER,
    return_url TEXT, webhook_url TEXT, version INTEGER, PRIMARY KEY (account, reference));
CREATE TABLE refunds (
    account TEXT, reference TEXT, refund_id TEXT, provider_refund_id TEXT PRIMARY KEY,
    amount_minor INTEGER, status TEXT, fails_later INTEGER);
CREATE TABLE keys (account TEXT, key TEXT, digest TEXT, PRIMARY KEY (account, key));
CREATE TABLE scripts (
    account TEXT, reference TEXT, queue TEXT, words TEXT, PRIMARY KEY (account, reference, queue));
CREATE TABLE requests (
    number INTEGER PRIMARY KEY, account TEXT, reference TEXT, command TEXT, is_executed INTEGER);
CREATE TABLE notices (
    number INTEGER PRIMARY KEY, account TEXT, reference TEXT, event_id TEXT, url TEXT, body TEXT,
    words TEXT, due_ms INTEGER, copies_left INTEGER, tries INTEGER);
"""


class Page:
    """The books inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def entry(self, account: str, reference: str) -> Entry | None:
        rows = self._entries(account, reference)
        return rows[0] if rows else None

    def entries(self) -> list[Entry]:
        return self._entries(None, None)

    def _entries(self, account: str | None, reference: str | None) -> list[Entry]:
        rows = self.connection.execute(
            "SELECT account, reference, amount_minor, currency, status, is_capture,"
            " authorized_minor, captured_minor, decline, return_url, webhook_url, version"
            " FROM payments WHERE (?1 IS NULL OR (account = ?1 AND reference = ?2)) ORDER BY rowid",
            (account, reference),
        ).fetchall()
        return [
            Entry(
                account=row[0],
                reference=row[1],
                amount=Money(row[2], row[3]),
                status=RemoteStatus(row[4]),
                is_capture=bool(row[5]),
                authorized_minor=row[6],
                captured_minor=row[7],
                decline=row[8],
                return_url=row[9],
                webhook_url=row[10],
                version=row[11],
                refunds=self._refunds(row[0], row[1]),
            )
            for row in rows
        ]

    def _refunds(self, account: str, reference: str) -> tuple[RefundEntry, ...]:
        rows = self.connection.execute(
            "SELECT refund_id, provider_refund_id, amount_minor, status, fails_later FROM refunds"
            " WHERE account = ? AND reference = ? ORDER BY rowid",
            (account, reference),
        )
        return tuple(
            RefundEntry(
                refund_id=row[0],
                provider_refund_id=row[1],
                amount_minor=row[2],
                status=RefundStatus(row[3]),
                fails_later=bool(row[4]),
            )
            for row in rows
        )

    def write(self, entry: Entry) -> None:
        self.connection.execute(
            "INSERT INTO payments (account, reference, amount_minor, currency, status,"
            " is_capture, authorized_minor, captured_minor, decline, return_url, webhook_url,"
            " version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, reference)"
            " DO UPDATE SET status = excluded.status, is_capture = excluded.is_capture,"
            " captured_minor = excluded.captured_minor,"
            " authorized_minor = excluded.authorized_minor, decline = excluded.decline,"
            " version = excluded.version",
            (
                entry.account,
                entry.reference,
                entry.amount.amount_minor,
                entry.amount.currency,
                entry.status,
                entry.is_capture,
                entry.authorized_minor,
                entry.captured_minor,
                entry.decline,
                entry.return_url,
                entry.webhook_url,
                entry.version,
            ),
        )
        for each in entry.refunds:
            self.connection.execute(
                "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (provider_refund_id) DO UPDATE SET status = excluded.status,"
                " fails_later = excluded.fails_later",
                (
                    entry.account,
                    entry.reference,
                    each.refund_id,
                    each.provider_refund_id,
                    each.amount_minor,
                    each.status,
                    each.fails_later,
                ),
            )

    def digest_of_key(self, account: str, key: str) -> str | None:
        """What the key was first used for."""
        row = self.connection.execute(
            "SELECT digest FROM keys WHERE account = ? AND key = ?", (account, key)
        ).fetchone()
        return None if row is None else str(row[0])

    def write_key(self, account: str, key: str, digest: str) -> None:
        self.connection.execute("INSERT INTO keys VALUES (?, ?, ?)", (account, key, digest))

    def steps(self, account: str, reference: str, queue: Queue) -> tuple[Step, ...] | None:
        """None where nobody ever said anything."""
        row = self.connection.execute(
            "SELECT words FROM scripts WHERE account = ? AND reference = ? AND queue = ?",
            (account, reference, queue),
        ).fetchone()
        return None if row is None else parse(row[0], queue)

    def write_steps(
        self, account: str, reference: str, queue: Queue, steps: Sequence[Step]
    ) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO scripts VALUES (?, ?, ?, ?)",
            (account, reference, queue, " ".join(str(step) for step in steps)),
        )

    def adopt_waiting_script(self, account: str, reference: str) -> None:
        """The script that waited for whichever payment comes next is this payment's."""
        self.connection.execute(
            "UPDATE OR REPLACE scripts SET account = ?, reference = ?"
            " WHERE reference = '' AND account IN ('', ?)",
            (account, reference, account),
        )

    def write_request(
        self, account: str, reference: str, command: str, *, is_executed: bool
    ) -> None:
        self.connection.execute(
            "INSERT INTO requests (account, reference, command, is_executed) VALUES (?, ?, ?, ?)",
            (account, reference, command, is_executed),
        )

    def requests(self, reference: str) -> list[tuple[str, bool]]:
        rows = self.connection.execute(
            "SELECT command, is_executed FROM requests WHERE reference = ? ORDER BY number",
            (reference,),
        )
        return [(str(command), bool(is_executed)) for command, is_executed in rows]

    def write_notice(self, notice: Notice) -> None:
        self.connection.execute(
            "INSERT INTO notices (account, reference, event_id, url, body, words, due_ms,"
            " copies_left, tries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                notice.account,
                notice.reference,
                notice.event_id,
                notice.url,
                notice.body,
                " ".join(str(step) for step in notice.steps),
                notice.due_ms,
                notice.copies_left,
                notice.tries,
            ),
        )

    def notices(self, due_ms: int) -> list[Notice]:
        """Those that are to be sent by then, oldest first; a hundred at a time."""
        rows = self.connection.execute(
            "SELECT number, account, reference, event_id, url, body, words, due_ms, copies_left,"
            " tries FROM notices WHERE copies_left > 0 AND due_ms <= ? ORDER BY number LIMIT 100",
            (due_ms,),
        )
        return [
            Notice(
                number=row[0],
                account=row[1],
                reference=row[2],
                event_id=row[3],
                url=row[4],
                body=row[5],
                steps=parse(row[6], Queue.WEBHOOKS),
                due_ms=row[7],
                copies_left=row[8],
                tries=row[9],
            )
            for row in rows
        ]

    def note_delivery(self, notice: Notice) -> None:
        self.connection.execute(
            "UPDATE notices SET copies_left = ?, tries = ?, due_ms = ? WHERE number = ?",
            (notice.copies_left, notice.tries, notice.due_ms, notice.number),
        )

    def waits_for_delivery(self, account: str, reference: str) -> bool:
        row = self.connection.execute(
            "SELECT 1 FROM notices WHERE account = ? AND reference = ? AND copies_left > 0",
            (account, reference),
        ).fetchone()
        return row is not None
