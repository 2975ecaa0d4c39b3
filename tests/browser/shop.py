"""What the browser's tests do again and again: open an event, take a phone, fill in the form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from payments.testing import Books
from tests.flows.conftest import ROOT, Service

WIDTH, HEIGHT = 390, 844
AXE = ROOT / ".tools" / "node" / "node_modules" / "axe-core" / "axe.min.js"
ANSWERED = "Failed to load resource"
"""What the console says of every refusal and every lost connection: no fault of the page."""
STEP_OF_TIME_MS, STEPS_OF_TIME_MAX = 500, 200


@dataclass
class Phone:
    """One visitor: a browser with a memory of its own."""

    context: BrowserContext
    page: Page
    base_url: str

    async def open(self, address: str = "") -> None:
        await self.page.goto(f"{self.base_url}/{address}")

    async def open_event(self, event_id: str) -> None:
        await self.open(f"#/events/{event_id}")
        await expect(self.page.locator("form")).to_be_visible()

    async def fill_in(self, *, email: str = "ana@example.com", adult: int = 1) -> None:
        await self.page.get_by_label("Quantity: Adult").fill(str(adult))
        await self.page.get_by_label("E-mail").fill(email)

    async def hold(
        self, event_id: str, *, adult: int = 2, more: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Tickets that cost something, up to the choice of how to pay."""
        await self.open_event(event_id)
        await self.fill_in(adult=adult)
        for name, quantity in more.items():
            await self.page.get_by_label(f"Quantity: {name}").fill(str(quantity))
        await self.press("Hold tickets")
        await self.sees_title("On hold for you")
        await expect(self.page.get_by_role("form", name="Payment")).to_be_visible()

    async def pay(self, what: str = "Approve") -> None:
        """`what`: the label of what the sandbox is to do."""
        form = self.page.get_by_role("form", name="Payment")
        await form.get_by_label(what, exact=True).check()
        await form.get_by_role("button", name="Pay").click()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def sees_title(self, text: str, *, seconds: float = 10) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(
            text, timeout=seconds * 1000
        )

    async def is_told(self, text: str, *, seconds: float = 10) -> None:
        """In the panel where the shop says what becomes of an order."""
        await expect(self.page.locator(".outcome")).to_contain_text(text, timeout=seconds * 1000)

    async def stop_clock(self) -> None:
        """The page's time passes from now on in `lets_time_pass` only, however slow the machine."""
        await self.page.clock.install()
        await self.page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))

    async def lets_time_pass(self, *, until_told: str, stopped: bool = False) -> None:
        """In steps that are shorter than any wait of the shop, so that nothing it says is missed.
        `stopped`: told for good, the shop does nothing more."""
        panel = self.page.locator(".outcome.stopped" if stopped else ".outcome.working")
        told = panel.filter(has_text=until_told)
        for _ in range(STEPS_OF_TIME_MAX):
            if await told.is_visible():
                return
            await self.page.clock.run_for(STEP_OF_TIME_MS)
        await expect(told).to_be_visible()

    async def faults_of_access(self) -> list[str]:
        """What axe finds wrong with what is shown now. It came in past the page's policy."""
        found = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"]
        ]


@dataclass
class Shop:
    service: Service
    client: httpx.AsyncClient
    browser: Browser
    phones: list[Phone] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def phone(
        self,
        *,
        scheme: Literal["light", "dark"] = "light",
        width: int = WIDTH,
        locale: str = "en-GB",
        **options: Any,
    ) -> Phone:
        context = await self.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme=scheme,
            locale=locale,
            has_touch=True,
            **options,
        )
        context.set_default_timeout(10_000)
        await context.add_init_script(path=AXE)
        context.on("request", self._watch_request)
        context.on("console", self._watch_console)
        context.on("weberror", lambda error: self.faults.append(f"threw: {error.error}"))
        phone = Phone(context, await context.new_page(), self.service.base_url)
        self.phones.append(phone)
        return phone

    async def event(self, **changes: Any) -> str:
        """An open event of a name of its own; returns its id."""
        event_id = changes.pop("id", f"e-{uuid4().hex[:12]}")
        await self.service.open_event(
            self.client, event_id, **{"name": "Night of lights"} | changes
        )
        return str(event_id)

    async def order(self, event_id: str, quantity: int, *, confirm: bool = True) -> dict[str, Any]:
        """By somebody else, past the shop."""
        answer = await self.client.post(
            f"/v1/events/{event_id}/orders",
            json={
                "customer": {"email": f"{uuid4().hex}@example.com"},
                "lines": [{"ticket_type": "adult", "quantity": quantity}],
                "confirm": confirm,
            },
            headers={"Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def taken(self, event_id: str) -> int:
        """Units that are held or sold, as the stock itself counts."""
        answer = await self.client.get(f"/v1/admin/events/{event_id}", headers=self.service.admin)
        return sum(pool["held"] + pool["sold"] for pool in answer.json()["pools"])

    async def finish(self, order: dict[str, Any], verb: str) -> None:
        answer = await self.client.post(
            f"/v1/orders/{order['id']}/{verb}", headers={"Order-Token": order["token"]}
        )
        assert answer.status_code == 200, answer.text

    async def refund(self, order_id: str, amount: int | None = None) -> None:
        """By the organiser; all that is left, unless an amount is given."""
        answer = await self.client.post(
            f"/v1/admin/orders/{order_id}/refunds",
            json={} if amount is None else {"amount": amount},
            headers={**self.service.admin, "Idempotency-Key": uuid4().hex},
        )
        assert answer.status_code == 201, answer.text

    @property
    def books(self) -> Books:
        """Of the sandbox: what buyers have really paid."""
        return Books(self.service.data_dir / "sandbox-books.sqlite")

    async def cancel(self, order: dict[str, Any]) -> None:
        answer = await self.client.post(
            f"/v1/admin/orders/{order['id']}/cancel", headers=self.service.admin
        )
        assert answer.status_code == 200, answer.text

    async def is_refused(self, event_id: str) -> bool:
        """Whether the service sells nothing of this event now; asks for more than there is."""
        answer = await self.client.post(
            f"/v1/events/{event_id}/orders",
            json={
                "customer": {"email": "nobody@example.com"},
                "lines": [{"ticket_type": "adult", "quantity": 100}],
            },
            headers={"Idempotency-Key": uuid4().hex},
        )
        return answer.status_code == 503

    async def act(self, event_id: str, verb: str) -> None:
        answer = await self.client.post(
            f"/v1/admin/events/{event_id}/{verb}", headers=self.service.admin
        )
        assert answer.status_code == 200, answer.text

    def switch(self, name: str, *, on: bool) -> None:
        path = self.service.data_dir / "toggles.json"
        document = json.loads(path.read_text())
        for feature in document["features"]:
            if feature["name"] == name:
                feature["enabled"] = on
        path.write_text(json.dumps(document))

    def _watch_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.service.base_url).netloc:
            self.faults.append(f"asked another host: {request.url}")

    def _watch_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(ANSWERED):
            self.faults.append(f"console: {message.text}")


def type_of(**changes: Any) -> dict[str, Any]:
    return {"id": "adult", "name": "Adult", "price": 0, "pools": ["floor"]} | changes
