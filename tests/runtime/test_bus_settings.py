"""Settings that contradict each other, or are none, are said by the name of their variable."""

import pytest

from app.runtime.errors import ConfigurationError
from app.runtime.settings import load_settings


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TAQUILLA_KINESIS_ENDPOINT_URL": "http://127.0.0.1:4567"}, "kinesis_stream is not"),
        ({"TAQUILLA_KINESIS_STREAM": "a stream"}, "TAQUILLA_KINESIS_STREAM='a stream': "),
    ],
    ids=["an endpoint without a stream", "a stream that cannot be"],
)
def test_a_setting_of_kinesis_that_cannot_be_is_refused(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=said):
        load_settings()


def test_an_empty_setting_of_kinesis_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAQUILLA_KINESIS_STREAM", "TAQUILLA_KINESIS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "")

    settings = load_settings()

    assert (settings.kinesis_stream, settings.kinesis_endpoint_url) == (None, None)
