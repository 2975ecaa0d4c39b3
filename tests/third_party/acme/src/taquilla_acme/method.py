"""One request a call, and what came back as a snapshot or as an error that says what it proves.

What Acme's requests and answers look like is in `wire.py`.
"""

import json
from datetime import timedelta
from typing import ClassVar

import httpx
from pydantic import SecretStr

from payments import (
    Capability,
    Context,
    CurrencyRule,
    Descriptor,
    Fetch,
    Found,
    Idempotency,
    Initiate,
    KeyConflict,
    Lookup,
    MethodConfig,
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    PaymentMethod,
    RateLimited,
    Refund,
    RequestRefused,
    Snapshot,
    Unreachable,
    WebhookBatch,
    WebhookRequest,
)
from taquilla_acme import wire

CALL_SECONDS = 10


class AcmeConfig(MethodConfig):
    """What an operator sets for one account."""

    base_url: str
    api_key: SecretStr


class Acme(PaymentMethod[AcmeConfig]):
    """The adapter. `transport`: tests put their provider there."""

    config_model = AcmeConfig
    descriptor: ClassVar[Descriptor] = Descriptor(
        id="acme",
        display_name="Acme",
        capabilities=frozenset(
            {
                Capability.REFUND,
                Capability.PARTIAL_REFUND,
                Capability.FETCH,
                Capability.WEBHOOKS,
            }
        ),
        currencies=wire.CURRENCIES,
        idempotency=Idempotency.KEY,
        idempotency_window=timedelta(hours=24),
        lookup=Lookup.PRESENCE,
        call_timeout=timedelta(seconds=CALL_SECONDS),
    )

    def __init__(
        self,
        config: AcmeConfig,
        context: Context,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(config, context)
        self._client = httpx.AsyncClient(
            base_url=config.base_url,
            transport=transport,
            timeout=CALL_SECONDS,
            follow_redirects=False,
        )

    async def initiate(self, request: Initiate) -> Snapshot:
        if not self.descriptor.accepts(request.amount):
            raise RequestRefused("amount")
        body = wire.initiate_body(request, self._rule(request.amount.currency))
        answer = await self._post(wire.INITIATE_PATH, body, request.idempotency_key)
        return self._snapshot(answer)

    async def refund(self, request: Refund) -> Snapshot:
        body = wire.refund_body(request, self._rule(request.amount.currency))
        path = wire.refund_path(request.reference)
        return self._snapshot(await self._post(path, body, request.idempotency_key))

    async def fetch(self, request: Fetch) -> Found | NotFound:
        response = await self._send("GET", wire.fetch_path(request.reference))
        if response.status_code == 404:
            return NotFound()
        return Found(self._snapshot(_answer_of(response)))

    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        secrets = [each.get_secret_value().encode() for each in self.config.webhook_secrets]
        wire.verify_notice(request, secrets)
        return wire.read_notice(request.body, self._snapshot)

    async def check(self) -> None:
        _answer_of(await self._send("GET", wire.CHECK_PATH))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _post(self, path: str, body: wire.Json, key: str) -> wire.Json:
        return _answer_of(await self._send("POST", path, body, {wire.KEY_HEADER: key}))

    async def _send(
        self,
        method: str,
        path: str,
        body: wire.Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request, never two. An error that is not surely "nothing was sent" is unknown."""
        credentials = wire.credentials(self.config.api_key.get_secret_value())
        try:
            return await self._client.request(
                method, path, json=body, headers={**credentials, **(headers or {})}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Unreachable("connect") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(type(error).__name__) from None

    def _snapshot(self, answer: wire.Json) -> Snapshot:
        is_live = self.config.environment == "live"
        try:
            return wire.snapshot_of(answer, self.descriptor.currencies, is_live=is_live)
        except (LookupError, TypeError, ValueError):
            raise OutcomeUnknown("garbage") from None

    def _rule(self, currency: str) -> CurrencyRule:
        rule = self.descriptor.currencies.get(currency)
        if rule is None:
            raise RequestRefused("currency")
        return rule


def _answer_of(response: httpx.Response) -> wire.Json:
    """The JSON of a 2xx. What a status proves is the provider's word: look it up there."""
    match response.status_code:
        case 200 | 201 | 202:
            pass
        case 400 | 402 | 404 | 422:
            raise RequestRefused(f"http_{response.status_code}")
        case 401 | 403:
            raise Misconfigured(f"http_{response.status_code}")
        case 409:
            raise KeyConflict("http_409")
        case 429:
            after = response.headers.get("retry-after", "")
            raise RateLimited(
                "http_429", retry_after_seconds=float(after) if after.isdecimal() else 1
            )
        case status:
            raise OutcomeUnknown(f"http_{status}")
    try:
        answer = json.loads(response.content)
    except ValueError:
        raise OutcomeUnknown("garbage") from None
    if not isinstance(answer, dict):
        raise OutcomeUnknown("garbage")
    return answer
