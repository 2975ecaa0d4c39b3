"""The file of issuers: what is wrong is named by entry and field, and nothing is half loaded."""

from pathlib import Path

import pytest

from payments.methods.hack import IssuersRefused, read_issuers
from tests.payments.hack.forge import issuers_file


def test_a_file_of_issuers_is_read(tmp_path: Path) -> None:
    assert len(read_issuers(issuers_file(tmp_path))) == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"kid": "a kid"}, "issuer 1, kid"),
        ({"kid": 'x","alg":"none'}, "issuer 1, kid"),
        ({"name": ""}, "issuer 1, name"),
        ({"public_key": "short"}, "issuer 1, public_key"),
        ({"public_key": "A" * 44}, "issuer 1, public_key"),
        ({"organisers": []}, "issuer 1, organisers"),
        ({"organisers": "*"}, "issuer 1, organisers"),
        ({"max_amount_minor": {}}, "issuer 1, max_amount_minor"),
        ({"max_amount_minor": {"EURO": 1}}, "issuer 1, max_amount_minor"),
        ({"max_amount_minor": {"EUR": 0}}, "issuer 1, max_amount_minor, EUR"),
        ({"max_amount_minor": {"EUR": True}}, "issuer 1, max_amount_minor, EUR"),
        ({"max_amount_minor": {"EUR": 1.5}}, "issuer 1, max_amount_minor, EUR"),
        ({"private_key": "x"}, "issuer 1, private_key"),
    ],
    ids=str,
)
def test_what_an_issuer_cannot_be_is_named(
    change: dict[str, object], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(IssuersRefused, match=fault):
        read_issuers(issuers_file(tmp_path, **change))


def test_one_kid_is_one_key(tmp_path: Path) -> None:
    path = issuers_file(tmp_path)
    path.write_text(path.read_text() * 2)
    with pytest.raises(IssuersRefused, match="kid old-1 stands more than once"):
        read_issuers(path)


@pytest.mark.parametrize("text", ["", "[[issuer]", "issuer = 3", "\x00"])
def test_a_file_that_says_nothing_is_no_file_of_issuers(text: str, tmp_path: Path) -> None:
    path = tmp_path / "issuers.toml"
    path.write_text(text)
    with pytest.raises(IssuersRefused, match=r"issuers\.toml"):
        read_issuers(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IssuersRefused, match=r"nowhere\.toml"):
        read_issuers(tmp_path / "nowhere.toml")
