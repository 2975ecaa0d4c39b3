"""The contract of a source of toggles. Another implementation is run through it by a subclass.

class TestUnleashToggles(TogglesContract):
    @pytest.fixture
    def source(self, ...) -> ToggleSource: ...
"""

import json
from collections.abc import Sequence
from typing import Protocol

from app.domain.ids import EventId, OrganiserId
from app.rollout import CATALOGUE, SELLING_FREE, SELLING_HALT, ToggleContext, Toggles, ToggleState

HERE = ToggleContext(EventId("concert"), OrganiserId("hall"))

Feature = dict[str, object]


class ToggleSource(Protocol):
    """What a test does to the outside, and the implementation that must feel it."""

    @property
    def toggles(self) -> Toggles: ...

    def publish(self, features: Sequence[Feature]) -> None:
        """From now on, the source says this."""

    def fail(self) -> None:
        """From now on, the source says nothing of use."""


def a_feature(
    name: str = SELLING_FREE.name,
    *,
    enabled: bool = True,
    parameters: dict[str, str] | None = None,
    constraints: Sequence[dict[str, object]] = (),
) -> Feature:
    """As `GET /api/client/features` answers it; for everybody unless `parameters` say otherwise."""
    everybody = {"rollout": "100", "stickiness": "default", "groupId": name}
    return {
        "name": name,
        "type": "release",
        "enabled": enabled,
        "strategies": [
            {
                "name": "flexibleRollout",
                "parameters": parameters or everybody,
                "constraints": list(constraints),
            }
        ],
    }


def only_for(field: str, *values: str) -> dict[str, object]:
    return {"contextName": field, "operator": "IN", "values": list(values)}


def a_payload(*features: Feature) -> str:
    return json.dumps({"version": 2, "features": features})


class TogglesContract:
    """`source` is a fixture of the subclass: a fresh source that has never said anything."""

    def test_a_source_that_never_spoke_leaves_every_toggle_at_its_default(
        self, source: ToggleSource
    ) -> None:
        source.toggles.refresh()
        assert [source.toggles.is_on(each, HERE) for each in CATALOGUE] == [
            each.default for each in CATALOGUE
        ]

    def test_a_toggle_is_what_the_source_says(self, source: ToggleSource) -> None:
        source.publish([a_feature(), a_feature(SELLING_HALT.name, enabled=False)])
        assert source.toggles.refresh()
        assert source.toggles.is_on(SELLING_FREE, HERE)
        assert not source.toggles.is_on(SELLING_HALT, HERE)

    def test_nothing_is_felt_before_a_refresh(self, source: ToggleSource) -> None:
        source.publish([a_feature()])
        source.toggles.refresh()
        source.publish([a_feature(enabled=False)])
        assert source.toggles.is_on(SELLING_FREE, HERE)
        assert source.toggles.refresh()
        assert not source.toggles.is_on(SELLING_FREE, HERE)

    def test_a_refresh_without_news_changes_nothing_and_says_so(self, source: ToggleSource) -> None:
        source.publish([a_feature()])
        assert source.toggles.refresh()
        assert not source.toggles.refresh()
        assert source.toggles.is_on(SELLING_FREE, HERE)

    def test_a_toggle_that_the_source_forgets_goes_back_to_its_default(
        self, source: ToggleSource
    ) -> None:
        source.publish([a_feature()])
        source.toggles.refresh()
        source.publish([a_feature("somebody.elses")])
        source.toggles.refresh()
        assert source.toggles.is_on(SELLING_FREE, HERE) is SELLING_FREE.default

    def test_a_source_that_fails_leaves_the_last_good_word_in_force(
        self, source: ToggleSource
    ) -> None:
        source.publish([a_feature(), a_feature(SELLING_HALT.name)])
        source.toggles.refresh()
        source.fail()
        assert not source.toggles.refresh()
        assert source.toggles.is_on(SELLING_FREE, HERE)
        assert source.toggles.is_on(SELLING_HALT, HERE)

    def test_a_source_that_comes_back_is_heard_again(self, source: ToggleSource) -> None:
        source.publish([a_feature()])
        source.toggles.refresh()
        source.fail()
        source.toggles.refresh()
        source.publish([a_feature(enabled=False)])
        assert source.toggles.refresh()
        assert not source.toggles.is_on(SELLING_FREE, HERE)

    def test_a_constraint_on_the_event_opens_that_event_only(self, source: ToggleSource) -> None:
        source.publish([a_feature(constraints=[only_for("eventId", "concert")])])
        source.toggles.refresh()
        assert source.toggles.is_on(SELLING_FREE, HERE)
        assert not source.toggles.is_on(SELLING_FREE, ToggleContext(EventId("match")))

    def test_a_constraint_on_the_organiser_opens_all_of_his_events(
        self, source: ToggleSource
    ) -> None:
        source.publish([a_feature(constraints=[only_for("organiserId", "hall")])])
        source.toggles.refresh()
        hall, arena = OrganiserId("hall"), OrganiserId("arena")
        assert source.toggles.is_on(SELLING_FREE, ToggleContext(EventId("match"), hall))
        assert not source.toggles.is_on(SELLING_FREE, ToggleContext(EventId("match"), arena))
        assert not source.toggles.is_on(SELLING_FREE, ToggleContext(EventId("match")))

    def test_the_sticky_id_is_the_user_of_the_source(self, source: ToggleSource) -> None:
        source.publish([a_feature(constraints=[only_for("userId", "ana")])])
        source.toggles.refresh()
        event_id = EventId("concert")
        assert source.toggles.is_on(SELLING_FREE, ToggleContext(event_id, sticky_id="ana"))
        assert not source.toggles.is_on(SELLING_FREE, ToggleContext(event_id, sticky_id="ben"))
        assert not source.toggles.is_on(SELLING_FREE, HERE)

    def test_a_percentage_keeps_each_buyer_on_one_side(self, source: ToggleSource) -> None:
        half = {"rollout": "50", "stickiness": "userId", "groupId": SELLING_FREE.name}
        source.publish([a_feature(parameters=half)])
        source.toggles.refresh()
        contexts = [ToggleContext(EventId("concert"), sticky_id=f"b{n}") for n in range(300)]
        first = [source.toggles.is_on(SELLING_FREE, context) for context in contexts]
        assert first == [source.toggles.is_on(SELLING_FREE, context) for context in contexts]
        assert 100 < sum(first) < 200

    def test_the_description_is_the_catalogue_with_what_the_source_says(
        self, source: ToggleSource
    ) -> None:
        source.publish([a_feature(enabled=False), a_feature("somebody.elses")])
        source.toggles.refresh()
        said = {SELLING_FREE.name: False}
        assert list(source.toggles.describe()) == [
            ToggleState(each, said.get(each.name)) for each in CATALOGUE
        ]
