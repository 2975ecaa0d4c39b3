"""Toggles from the real Unleash server: the contract, percentages, and a restart without it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.domain.ids import EventId, OrganiserId
from app.rollout import (
    SELLING_FREE,
    SELLING_HALT,
    KeptPayload,
    ToggleContext,
    Token,
    UnleashToggles,
    open_unleash_server,
)
from app.runtime.metrics import TOGGLE_RELOADS
from tests.rollout.toggles_contract import (
    HERE,
    Feature,
    TogglesContract,
    ToggleSource,
    a_feature,
    only_for,
)
from tests.servers.unleash import BACKEND_TOKEN, UnleashServer

TIMEOUT_SECONDS = 2.0

pytestmark = pytest.mark.slow


@asynccontextmanager
async def open_toggles_of(
    url: str, kept: Path, token: str = BACKEND_TOKEN
) -> AsyncIterator[UnleashToggles]:
    async with open_unleash_server(
        url, Token.of(token, "TOKEN"), timeout_seconds=TIMEOUT_SECONDS, instance_id="tests"
    ) as server:
        yield UnleashToggles(server, KeptPayload(kept), refresh_seconds=1)


def click(server: UnleashServer, features: Sequence[Feature]) -> None:
    """Makes the server say this and nothing else; returns when clients are told so."""
    admin = server.admin
    wanted: dict[str, Any] = {str(each["name"]): each for each in features}
    present = admin.names()
    admin.delete(*(set(present) - wanted.keys()))
    for name, feature in wanted.items():
        if name not in present:
            admin.create(name)
        admin.set_strategies(name, feature["strategies"])
        admin.switch(name, on=feature["enabled"])
    admin.wait_until_seen()


class UnleashSource:
    """The contract is told without a loop; here is one, in which the toggles' job steps."""

    def __init__(self, server: UnleashServer, kept: Path) -> None:
        self._server = server
        self._runner = asyncio.Runner()
        self._opened = AsyncExitStack()
        self.toggles = self._runner.run(
            self._opened.enter_async_context(open_toggles_of(server.url, kept))
        )

    def publish(self, features: Sequence[Feature]) -> None:
        self._server.resume()
        click(self._server, features)
        self._runner.run(self.toggles.step())

    def fail(self) -> None:
        self._server.pause()
        self._runner.run(self.toggles.step())

    def close(self) -> None:
        self._runner.run(self._opened.aclose())
        self._runner.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "data" / "unleash.json"


class TestUnleashToggles(TogglesContract):
    @pytest.fixture
    def source(self, unleash: UnleashServer, kept: Path) -> Iterator[ToggleSource]:
        source = UnleashSource(unleash, kept)
        yield source
        source.close()


async def test_a_question_without_news_costs_no_payload_and_changes_nothing(
    unleash: UnleashServer, kept: Path
) -> None:
    click(unleash, [a_feature()])
    async with open_toggles_of(unleash.url, kept) as toggles:
        await toggles.step()
        assert toggles.refresh()
        unchanged = TOGGLE_RELOADS.labels("unchanged")._value.get()
        await toggles.step()
        assert not toggles.refresh()
        assert TOGGLE_RELOADS.labels("unchanged")._value.get() == unchanged + 1


async def test_constraints_on_event_and_organiser_work_together_and_each_stops_the_others(
    unleash: UnleashServer, kept: Path
) -> None:
    both = [only_for("eventId", "concert", "match"), only_for("organiserId", "hall")]
    click(unleash, [a_feature(constraints=both)])
    async with open_toggles_of(unleash.url, kept) as toggles:
        await toggles.step()
        toggles.refresh()
        verdicts = {
            (event, organiser): toggles.is_on(
                SELLING_FREE, ToggleContext(EventId(event), OrganiserId(organiser))
            )
            for event in ("concert", "match", "fair")
            for organiser in ("hall", "arena")
        }
    assert [pair for pair, is_on in verdicts.items() if is_on] == [
        ("concert", "hall"),
        ("match", "hall"),
    ]


async def test_a_segment_of_the_server_is_understood(unleash: UnleashServer, kept: Path) -> None:
    click(unleash, [a_feature(SELLING_HALT.name)])
    admin = unleash.admin
    segment = admin.call(
        "POST", "segments", {"name": "big halls", "constraints": [only_for("organiserId", "hall")]}
    )
    try:
        place = f"projects/default/features/{SELLING_HALT.name}/environments/development/strategies"
        (strategy,) = admin.call("GET", place)
        chosen = {"strategyId": strategy["id"], "segmentIds": [segment["id"]]}
        admin.call(
            "POST",
            "segments/strategies",
            {**chosen, "projectId": "default", "environmentId": "development"},
        )
        admin.wait_until_seen()
        async with open_toggles_of(unleash.url, kept) as toggles:
            await toggles.step()
            toggles.refresh()
            assert toggles.is_on(SELLING_HALT, HERE)
            other = ToggleContext(EventId("concert"), OrganiserId("arena"))
            assert not toggles.is_on(SELLING_HALT, other)
    finally:
        admin.delete(SELLING_HALT.name)
        admin.call("DELETE", f"segments/{segment['id']}")


async def test_twenty_percent_of_the_buyers_are_the_same_ones_for_every_process(
    unleash: UnleashServer, tmp_path: Path
) -> None:
    some = {"rollout": "20", "stickiness": "userId", "groupId": "any"}
    click(unleash, [a_feature(parameters=some)])
    chosen = []
    for number in range(2):
        async with open_toggles_of(unleash.url, tmp_path / f"{number}.json") as toggles:
            await toggles.step()
            toggles.refresh()
            chosen.append(
                [
                    number
                    for number in range(2000)
                    if toggles.is_on(
                        SELLING_FREE, ToggleContext(EventId("e"), sticky_id=f"buyer {number}")
                    )
                ]
            )
    assert chosen[0] == chosen[1]
    assert 300 < len(chosen[0]) < 500


async def test_a_restart_without_the_server_uses_the_last_payload(
    unleash: UnleashServer, kept: Path
) -> None:
    click(unleash, [a_feature(), a_feature(SELLING_HALT.name)])
    async with open_toggles_of(unleash.url, kept) as toggles:
        await toggles.step()
    unleash.pause()
    async with open_toggles_of(unleash.url, kept) as restarted:
        assert restarted.why_silent() is None
        await restarted.step()
        restarted.refresh()
        assert restarted.is_on(SELLING_FREE, HERE)
        assert restarted.is_on(SELLING_HALT, HERE)


@pytest.mark.parametrize("token", ["wrong", "*:*.admin-token-of-the-tests"])
async def test_a_token_that_is_not_accepted_is_said_and_the_last_payload_stays(
    unleash: UnleashServer, kept: Path, token: str
) -> None:
    click(unleash, [a_feature(SELLING_HALT.name)])
    async with open_toggles_of(unleash.url, kept) as toggles:
        await toggles.step()
    async with open_toggles_of(unleash.url, kept, token) as toggles:
        await toggles.step()
        assert toggles.is_on(SELLING_HALT, HERE)
    async with open_toggles_of(unleash.url, kept.with_name("other.json"), token) as toggles:
        await toggles.step()
        assert "forbidden" in str(toggles.why_silent())
