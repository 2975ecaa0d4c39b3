"""The gates: what an order costs, whose verdict it gets, and when an edit is felt."""

from collections import Counter
from pathlib import Path

import pytest

from app.domain.ids import EventId, OrganiserId
from app.rollout import (
    SELLING_FREE,
    SELLING_HALT,
    SELLING_PAID,
    FileToggles,
    SellingGates,
    SellingVerdict,
    Toggle,
    ToggleContext,
    gates,
)
from app.runtime.jobs import Progress
from tests.rollout.toggles_contract import Feature, a_feature, a_payload, only_for

CONCERT, MATCH = EventId("concert"), EventId("match")
PASSES = SellingVerdict(None, None)
FREE_IS_OFF = SellingVerdict("selling.free", None)
PAID_IS_OFF = SellingVerdict(None, "selling.paid")
BOTH_ARE_OFF = SellingVerdict("selling.free", "selling.paid")
HALTED = SellingVerdict("selling.halt", "selling.halt")


class CountingToggles(FileToggles):
    """Counts what reaches the SDK."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: Counter[str] = Counter()

    def is_on(self, toggle: Toggle, context: ToggleContext) -> bool:
        self.asked[context.event_id] += 1
        return super().is_on(toggle, context)


class Hall:
    """The organisers that Redis would know; counts how often it is asked."""

    def __init__(self) -> None:
        self.organisers = {CONCERT: OrganiserId("hall"), MATCH: OrganiserId("arena")}
        self.asked: Counter[str] = Counter()

    async def find_organiser(self, event_id: EventId) -> OrganiserId | None:
        self.asked[event_id] += 1
        return self.organisers.get(event_id)


class Scene:
    """Where anything is switched on at all, paid orders are."""

    def __init__(self, path: Path, *features: Feature) -> None:
        self.path = path
        self.edit(*features)
        self.toggles = CountingToggles(path)
        self.hall = Hall()
        self.gates = SellingGates(self.toggles, self.hall.find_organiser)

    def edit(self, *features: Feature) -> None:
        paid = [a_feature(SELLING_PAID.name)] if features else []
        self.path.write_text(a_payload(*features, *paid))

    def edit_alone(self, *features: Feature) -> None:
        """Without what is on besides."""
        self.path.write_text(a_payload(*features))

    def lose_file(self) -> None:
        self.path.unlink()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "toggles.json"


async def test_nothing_is_sold_that_nobody_switched_on(path: Path) -> None:
    assert await Scene(path).gates.verdict_of(CONCERT) == BOTH_ARE_OFF


async def test_paid_orders_have_a_toggle_of_their_own(path: Path) -> None:
    scene = Scene(path)
    scene.edit_alone(a_feature())
    await scene.gates.step()
    assert await scene.gates.verdict_of(CONCERT) == PAID_IS_OFF


async def test_the_gates_are_open_when_free_is_on(path: Path) -> None:
    assert await Scene(path, a_feature()).gates.verdict_of(CONCERT) == PASSES


async def test_a_halt_stops_free_and_paid_alike_whatever_else_is_on(path: Path) -> None:
    scene = Scene(path, a_feature(), a_feature(SELLING_HALT.name))
    assert await scene.gates.verdict_of(CONCERT) == HALTED


async def test_an_event_can_be_switched_on_by_itself(path: Path) -> None:
    scene = Scene(path, a_feature(constraints=[only_for("eventId", "concert")]))
    assert await scene.gates.verdict_of(CONCERT) == PASSES
    assert await scene.gates.verdict_of(MATCH) == FREE_IS_OFF


async def test_an_organiser_can_be_halted_by_itself(path: Path) -> None:
    halt = a_feature(SELLING_HALT.name, constraints=[only_for("organiserId", "arena")])
    scene = Scene(path, a_feature(), halt)
    assert await scene.gates.verdict_of(CONCERT) == PASSES
    assert await scene.gates.verdict_of(MATCH) == HALTED


async def test_a_thousand_orders_ask_the_toggles_and_redis_once(path: Path) -> None:
    scene = Scene(path, a_feature())
    for _ in range(1000):
        await scene.gates.verdict_of(CONCERT)
    assert scene.toggles.asked == {CONCERT: 3}  # all three toggles
    assert scene.hall.asked == {CONCERT: 1}


async def test_an_edit_is_felt_after_one_step_by_every_event(path: Path) -> None:
    scene = Scene(path, a_feature())
    for event_id in (CONCERT, MATCH):
        assert await scene.gates.verdict_of(event_id) == PASSES
    scene.edit(a_feature(enabled=False))
    assert await scene.gates.verdict_of(CONCERT) == PASSES
    assert await scene.gates.step() is Progress.IDLE
    for event_id in (CONCERT, MATCH):
        assert await scene.gates.verdict_of(event_id) == FREE_IS_OFF


async def test_the_organiser_is_not_asked_for_again_after_a_step(path: Path) -> None:
    scene = Scene(path, a_feature())
    for _ in range(3):
        await scene.gates.verdict_of(CONCERT)
        await scene.gates.step()
    assert scene.hall.asked == {CONCERT: 1}


async def test_a_verdict_that_depends_on_the_hour_changes_without_an_edit(path: Path) -> None:
    class Evening(CountingToggles):
        is_evening = False

        def is_on(self, toggle: Toggle, context: ToggleContext) -> bool:
            is_free = (toggle, context.event_id) == (SELLING_FREE, CONCERT)
            return toggle is SELLING_PAID or (self.is_evening and is_free)

    toggles = Evening(path)
    gates_of_the_hour = SellingGates(toggles, Hall().find_organiser)
    assert await gates_of_the_hour.verdict_of(CONCERT) == FREE_IS_OFF
    toggles.is_evening = True
    await gates_of_the_hour.step()
    assert await gates_of_the_hour.verdict_of(CONCERT) == PASSES


async def test_a_step_keeps_every_verdict_when_the_file_is_gone(path: Path) -> None:
    scene = Scene(path, a_feature())
    scene.lose_file()
    await scene.gates.step()
    assert await scene.gates.verdict_of(CONCERT) == PASSES


async def test_nothing_is_kept_of_an_event_that_was_never_opened(path: Path) -> None:
    scene = Scene(path, a_feature())
    unknown = EventId("unknown")
    for _ in range(2):
        assert await scene.gates.verdict_of(unknown) == PASSES
    assert scene.hall.asked == {unknown: 2}


async def test_only_so_many_events_are_kept_and_the_idlest_goes_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "EVENTS_MAX", 2)
    scene = Scene(path, a_feature())
    third = EventId("third")
    scene.hall.organisers[third] = OrganiserId("hall")
    for event_id in (CONCERT, MATCH, CONCERT, third, CONCERT):
        await scene.gates.verdict_of(event_id)
    assert scene.hall.asked == {CONCERT: 1, MATCH: 1, third: 1}
    await scene.gates.verdict_of(MATCH)
    assert scene.hall.asked[MATCH] == 2


async def test_a_failing_redis_is_the_callers_to_know_and_leaves_no_verdict(path: Path) -> None:
    scene = Scene(path, a_feature())
    answers: list[Exception | OrganiserId] = [ConnectionError("gone"), OrganiserId("hall")]

    async def find_organiser(_: EventId) -> OrganiserId | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    failing = SellingGates(scene.toggles, find_organiser)
    with pytest.raises(ConnectionError):
        await failing.verdict_of(CONCERT)
    assert await failing.verdict_of(CONCERT) == PASSES


def test_an_edit_is_felt_within_two_seconds_by_far() -> None:
    assert SellingGates.idle_seconds <= 1
    assert SELLING_FREE.default is False
    assert SELLING_HALT.default is False
