"""Strict JSON: what is read, what is not, and that nonsense is refused quickly."""

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.body_limit import BODY_BYTES_MAX
from app.api.problems import ProblemRaised
from app.api.strict_json import DEPTH_MAX, read_strict_json

SECONDS_MAX = 0.5
"""A hundred times what the slowest takes; a parser that goes back and forth takes minutes."""

TEXTS = st.text(st.sampled_from('[]{}",:\\a\u00f1\n'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=80,
)


@given(VALUES)
def test_whatever_is_not_deep_is_read_as_it_was_meant(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert read_strict_json(text.encode()) == value


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"[":', "}"), ('[{"}":', "}]")])
def test_the_deepest_is_read_and_one_level_more_is_not(opening: str, closing: str) -> None:
    levels = DEPTH_MAX // len(closing)
    fits = opening * levels + "0" + closing * levels
    filler = "[" + "[],[[],[]]," * 40 + fits[1:] if opening == "[" else fits
    assert read_strict_json(fits.encode()) == json.loads(fits)
    assert read_strict_json(filler.encode()) == json.loads(filler)
    with pytest.raises(ProblemRaised, match="nests deeper than 32"):
        read_strict_json(f"[{fits}]".encode())


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "]",
        "[]",
        "[],",
        "[[[]]],",
        '{"":',
        '"',
        '\\"',
        '"[',
        '"\\"[',
        '["\\\\",',
        "[[]",
        "1e",
        "{",
    ],
)
@pytest.mark.parametrize("before", ["", "[", '"', '{"a":'])
def test_a_body_of_nothing_but_nonsense_costs_no_time(unit: str, before: str) -> None:
    body = (before + unit * BODY_BYTES_MAX)[:BODY_BYTES_MAX].encode()
    started = process_time()
    with pytest.raises(ProblemRaised, match="The body"):
        read_strict_json(body)
    assert process_time() - started < SECONDS_MAX
