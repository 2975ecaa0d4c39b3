"""E-mail addresses: what is quick never changes the verdict on any. Times: not any text is one."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.api.forms import LOCAL_MAX, AskedInstant, Email

EMAIL = TypeAdapter[str](Email)
LETTERS = "aZ09_+-.%'\"@ ñ\u200bÅ\t"
DOMAINS = st.sampled_from(
    ["example.com", "EXAMPLE.com", "example.com.", "a.test", "x.local", "localhost", "1.2.3.4"]
) | st.from_regex(r"\A[a-z0-9-]{1,64}(\.[a-z0-9-]{1,8}){0,3}\Z")


@given(local=st.text(LETTERS, max_size=LOCAL_MAX + 2), domain=DOMAINS)
@example(local="a" * LOCAL_MAX, domain="example.com")
@example(local="a" * (LOCAL_MAX + 1), domain="example.com")
@example(local="a", domain=".".join(["b" * 60] * 4) + ".com")
@example(local="a..b", domain="example.com")
@example(local="a.", domain="example.com")
@example(local="", domain="example.com")
@example(local="a@b", domain="example.com")
@example(local="a", domain="xn--a.com")
@example(local="a", domain="bücher.example")
@example(local="a\n", domain="example.com")
@example(local=" a", domain="example.com\n")
def test_an_address_is_taken_when_the_library_takes_it(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert _is_taken(address) == (3 <= len(address) <= 254 and _library_takes(address.strip()))


@pytest.mark.parametrize("text", ["20300620", "1", "1700000000.5", "2030-06-20", "now"])
def test_a_number_in_text_is_no_time(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AskedInstant).validate_python(text)


def _is_taken(address: str) -> bool:
    try:
        return EMAIL.validate_python(address) == address.strip()
    except ValidationError:
        return False


def _library_takes(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True
