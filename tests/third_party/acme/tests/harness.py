"""What the kit needs to know of Acme: how to make the method, and what its provider did."""

from collections.abc import Sequence
from datetime import datetime

import httpx
from provider import AcmeProvider
from pydantic import SecretStr
from taquilla_acme import Acme, AcmeConfig

from payments import AnyPaymentMethod, Context, WebhookRequest
from payments.testing import Behaviour, PaymentHarness

API_KEY = "canary-acme-api-key"
WEBHOOK_SECRET = "canary-acme-webhook-secret"


class AcmeHarness(PaymentHarness):
    """A provider of its own for every check."""

    def __init__(self) -> None:
        self._provider = AcmeProvider(API_KEY)

    def method(self) -> AnyPaymentMethod:
        config = AcmeConfig(
            environment="test",
            base_url="https://acme.invalid",
            api_key=SecretStr(API_KEY),
            webhook_secrets=(SecretStr(WEBHOOK_SECRET),),
        )
        context = Context(account_id="main", now=self.now)
        return Acme(config, context, transport=_Line(self._provider))

    def play(self, reference: str, *behaviours: Behaviour) -> None:
        self._provider.plays[reference] = list(behaviours)

    def requests(self, reference: str) -> int:
        return self._provider.requests.count(reference)

    def charged_minor(self, reference: str) -> int:
        return self._provider.charged_minor(reference)

    def refunded_minor(self, reference: str) -> int:
        return self._provider.refunded_minor(reference)

    def notices(
        self, reference: str, *, secret: str | None = None, at: datetime | None = None
    ) -> Sequence[WebhookRequest]:
        key = WEBHOOK_SECRET if secret is None else secret
        return self._provider.notices(reference, key, at or self.now())

    def finish(self, reference: str) -> None:
        self._provider.buyer_pays(reference)


class _Line(httpx.AsyncBaseTransport):
    """The network to the provider, which breaks where a check wants it to."""

    def __init__(self, provider: AcmeProvider) -> None:
        self._provider = provider
        self._app = httpx.ASGITransport(provider)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        behaviour = self._provider.behaviour_of(request.method, request.url.path, request.content)
        if behaviour is Behaviour.REFUSED_CONNECTION:
            raise httpx.ConnectError("refused", request=request)
        if behaviour is Behaviour.LOST_REQUEST:
            self._provider.count(request.method, request.url.path, request.content)
            raise httpx.ReadError("reset", request=request)
        response = await self._app.handle_async_request(request)
        if behaviour is Behaviour.LOST_ANSWER:
            raise httpx.ReadTimeout("late", request=request)
        return response
