"""The catalogue and the file of a fresh development machine."""

import json
import re
from pathlib import Path

from app.rollout import (
    CATALOGUE,
    SELLING_FREE,
    SELLING_HALT,
    SELLING_PAID,
    FileToggles,
    ToggleKind,
    catalogue_of,
    offer_toggle,
    write_development_toggles,
)
from tests.rollout.toggles_contract import HERE


def test_every_name_is_an_area_and_a_thing_and_stands_once() -> None:
    names = [each.name for each in CATALOGUE]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", name) for name in names)


def test_what_moves_something_in_has_a_day_to_go_and_what_stays_has_none() -> None:
    for each in CATALOGUE:
        assert (each.remove_by is not None) is (each.kind is ToggleKind.RELEASE), each.name


def test_every_toggle_says_who_owns_it_and_what_it_does() -> None:
    assert all(each.owner and each.description for each in CATALOGUE)


def test_a_development_machine_sells_free_and_paid_events_and_halts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data" / "toggles.json"
    write_development_toggles(path, catalogue_of(("sandbox",)))
    toggles = FileToggles(path, catalogue_of(("sandbox",)))
    assert toggles.is_on(SELLING_FREE, HERE)
    assert toggles.is_on(SELLING_PAID, HERE)
    assert toggles.is_on(offer_toggle("sandbox"), HERE)
    assert not toggles.is_on(SELLING_HALT, HERE)
    assert all(each.enabled is not None for each in toggles.describe())


def test_the_development_file_is_for_people_to_edit(tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    write_development_toggles(path, catalogue_of(("sandbox",)))
    text = path.read_text()
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    path.write_text("mine")
    write_development_toggles(path, catalogue_of(("sandbox",)))
    assert path.read_text() == "mine"
