"""The sandbox under the conformance kit: its books are the provider's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from payments import AnyPaymentMethod, Context, WebhookRequest
from payments.testing import SLOW_SECONDS, Behaviour, Books, PaymentHarness, Queue
from payments.testing.sandbox import Sandbox, sign

SECRET = "canary-webhook-secret"
B = Behaviour

WORDS = {
    B.APPROVE: "",
    B.DECLINE: "decline:insufficient_funds",
    B.REFUSED_CONNECTION: "refused_connection",
    B.RATE_LIMITED: "rate_limited:3",
    B.LOST_REQUEST: "timeout_before",
    B.LOST_ANSWER: "timeout_after",
    B.SERVER_ERROR: "http_500",
    B.GARBAGE: "garbage",
    B.SLOW: f"slow:{int(SLOW_SECONDS * 1000)}",
}


class SandboxHarness(PaymentHarness):
    """`kind`: the sandbox, or something that is worse."""

    def __init__(self, folder: Path, kind: type[Sandbox] = Sandbox) -> None:
        self.books = Books(folder / "books.sqlite3")
        self._kind = kind

    def method(self) -> AnyPaymentMethod:
        config = self._kind.config_model(
            environment="test",
            books_file=self.books.path,
            webhook_secrets=(SecretStr(SECRET),),
        )
        return self._kind(config, Context(account_id="main", now=self.now))

    def play(self, reference: str, *behaviours: Behaviour) -> None:
        text = " ".join(WORDS[each] for each in behaviours)
        self.books.program(text, account="main", reference=reference)
        if B.DECLINE not in behaviours:
            self.books.program(text, queue=Queue.REFUNDS, account="main", reference=reference)

    def requests(self, reference: str) -> int:
        return len(self.books.requests(reference))

    def charged_minor(self, reference: str) -> int:
        return self.books.charged_minor(reference)

    def refunded_minor(self, reference: str) -> int:
        entry = self.books.find(reference)
        return entry.refunded_minor if entry else 0

    def notices(
        self, reference: str, *, secret: str | None = None, at: datetime | None = None
    ) -> Sequence[WebhookRequest]:
        signed_at = at or self.now()
        with self.books.transaction() as page:
            far_away = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
            notices = page.notices(far_away)
        key = (SECRET if secret is None else secret).encode()
        return [
            WebhookRequest(
                headers=sign(each.event_id, signed_at, each.body.encode(), [key]),
                query={},
                body=each.body.encode(),
                received_at=signed_at,
            )
            for each in notices
            if each.reference == reference
        ]
