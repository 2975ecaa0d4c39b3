"""Pages of other origins: which may call the API, and what they may read of its answers."""

import asyncio
import time

import httpx
import pytest
from pydantic import ValidationError

from app.api import orders
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings, load_settings
from tests.api.conftest import Api

SHOP, DESK, FOREIGN = (
    "https://shop.example.com",
    "http://localhost:5173",
    "https://evil.example.com",
)
EXPOSED = "ETag, Idempotency-Replayed, Retry-After"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"cors_origins": (SHOP, DESK)})


async def _preflight(
    api: Api, origin: str, *, method: str = "POST", headers: str = "content-type,idempotency-key"
) -> httpx.Response:
    return await api.client.options(
        "/v1/events/concert/orders",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        },
    )


@pytest.mark.parametrize("origin", [SHOP, DESK])
async def test_a_listed_origin_may_send_what_the_buyers_path_needs(api: Api, origin: str) -> None:
    for headers in ("content-type,idempotency-key", "order-token", "authorization,content-type"):
        answer = await _preflight(api, origin, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
        allowed = {
            each.strip() for each in answer.headers["Access-Control-Allow-Methods"].split(",")
        }
        assert allowed == {"GET", "POST", "PATCH"}


@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", SHOP + ".evil.com", "http://shop.example.com", SHOP + ":444", ""]
)
async def test_another_origin_may_not(api: Api, origin: str) -> None:
    answer = await _preflight(api, origin)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Access-Control-Allow-Origin" not in answer.headers
    read = await api.client.get("/v1/events", headers={"Origin": origin})
    assert read.status_code == 200
    assert "Access-Control-Allow-Origin" not in read.headers


@pytest.mark.parametrize(
    "asked", [{"method": "DELETE"}, {"headers": "x-anything"}, {"headers": "cookie"}]
)
async def test_a_listed_origin_may_not_send_what_nobody_needs(
    api: Api, asked: dict[str, str]
) -> None:
    assert (await _preflight(api, SHOP, **asked)).status_code == 400


async def test_answers_vary_by_origin_whoever_asks(api: Api) -> None:
    """A cache between must not hand the answer for one origin, or for none, to another."""
    for headers in ({}, {"Origin": SHOP}, {"Origin": FOREIGN}):
        answer = await api.client.get("/v1/events", headers=headers)
        assert "Origin" in answer.headers["Vary"]


async def test_a_page_can_read_the_headers_it_needs(api: Api) -> None:
    await api.open_event()
    api.client.headers["Origin"] = SHOP
    await api.order(("adult", 1))
    again = await api.order(("adult", 1))
    assert again.headers["Access-Control-Allow-Origin"] == SHOP
    assert again.headers["Access-Control-Expose-Headers"] == EXPOSED
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_page_can_read_every_error(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.open_event()
    api.client.headers["Origin"] = SHOP
    answers = [
        await api.client.get("/v1/admin/events"),
        await api.client.get("/v1/events/nothing"),
        await api.client.get("/nowhere"),
        await api.client.delete("/v1/events"),
        await api.order(("adult", 6)),
        await api.order(("nobody", 1)),
    ]
    monkeypatch.setattr(orders, "answer_placed", _break)
    answers.append(await api.order(("adult", 1), key="key-of-a-bug-00000000"))
    monkeypatch.undo()
    await api.set_toggles(selling_halt=True)
    answers.append(await _refusal_of_the_halt(api))
    assert [each.status_code for each in answers] == [401, 404, 404, 405, 409, 422, 500, 503]
    for each in answers:
        assert each.headers["content-type"] == "application/problem+json"
        assert each.headers["Access-Control-Allow-Origin"] == SHOP, each.text
        assert each.headers["Access-Control-Expose-Headers"] == EXPOSED
        assert "Origin" in each.headers["Vary"]


async def test_a_bug_shows_nothing_of_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.open_event()
    monkeypatch.setattr(orders, "answer_placed", _break)
    answer = await api.order(("adult", 1))
    assert answer.json() == {
        "type": "urn:taquilla:problem:internal",
        "title": "Something broke on our side",
        "status": 500,
        "detail": "This is a bug of ours.",
        "code": "internal",
    }


@pytest.mark.parametrize(
    "origins",
    ["*", f"{SHOP},*", "shop.example.com", f"{SHOP}/", f"{SHOP}/path", "https://Shop.example.com"],
)
def test_production_names_every_origin_as_browsers_write_it(
    origins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAQUILLA_CORS_ORIGINS", origins)
    with pytest.raises(ConfigurationError, match="TAQUILLA_CORS_ORIGINS"):
        load_settings()


def test_development_may_allow_everybody_without_credentials() -> None:
    assert Settings(env="development", cors_origins=("*",)).cors_origins == ("*",)
    with pytest.raises(ValidationError):
        Settings(env="production", cors_origins=("*",))


def test_without_a_list_nobody_is_let_in() -> None:
    assert Settings().cors_origins == ()


async def _refusal_of_the_halt(api: Api) -> httpx.Response:
    """Toggles are looked at twice a second. Until then this is over a limit."""
    deadline = time.monotonic() + 10
    while (answer := await api.order(("adult", 6))).status_code != 503:
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.05)
    return answer


def _break(*_: object) -> None:
    raise RuntimeError("at unix:/run/secret.sock")
