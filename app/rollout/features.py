"""One payload of Unleash (`GET /api/client/features`), checked, and open for questions through the
official SDK: no network, no thread, nothing in the home directory."""

import json
from collections.abc import Mapping, Set
from typing import Any

from UnleashClient.cache import BaseCache
from UnleashClient.clients.unleash_client import UnleashClient
from UnleashClient.constants import FEATURES_URL
from UnleashClient.utils import InstanceAllowType


class Features:
    """`enabled`: name to what the payload says, before any strategy."""

    def __init__(self, text: str) -> None:
        """Some 4 ms, and more for a large payload. ValueError for what cannot be used."""
        self.text = text
        self.enabled = _read_features(text)
        self._client = _open_client(text, self.enabled.keys())

    def is_on(self, name: str, fields: Mapping[str, object]) -> bool:
        """`fields`: Unleash's own (userId, ...) and any others. False for an unknown name."""
        return bool(self._client.is_enabled(name, dict(fields)))


class _MemoryCache(BaseCache):
    """Holds one payload for the SDK, which then needs no file cache and no first fetch."""

    def __init__(self, payload: str) -> None:
        self._values: dict[str, Any] = {FEATURES_URL: payload}
        self.bootstrapped = True

    def set(self, key: str, value: Any) -> None:
        self._values[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        self._values.update(data)

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def exists(self, key: str) -> bool:
        return key in self._values

    def destroy(self) -> None:
        self._values.clear()


def _read_features(text: str) -> Mapping[str, bool]:
    """Name to enabled. ValueError for what is not Unleash's format."""
    try:
        payload = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(payload, dict) or not isinstance(payload.get("features"), list):
        raise ValueError(  # noqa: TRY004 - of the text, not of an argument
            'not of the form {"version": 2, "features": [...]}'
        )
    enabled: dict[str, bool] = {}
    for feature in payload["features"]:
        match feature:
            case {"name": str() as name, "enabled": bool() as is_enabled, "strategies": list()}:
                enabled[name] = is_enabled
            case _:
                raise ValueError(f"not a feature: {json.dumps(feature)[:100]}")
    return enabled


def _open_client(payload: str, names: Set[str]) -> UnleashClient:
    """Not initialized on purpose: that would start a thread and ask the network.

    ValueError for what the SDK cannot use, a number where it wants a text, say. The SDK itself
    does not tell: it goes on without any toggle, and a halt would be off.
    """
    client = UnleashClient(
        url="http://toggles.invalid/api",
        app_name="taquilla",
        cache=_MemoryCache(payload),
        disable_metrics=True,
        disable_registration=True,
        multiple_instance_mode=InstanceAllowType.SILENTLY_ALLOW,
    )
    if client.feature_definitions().keys() != names:
        raise ValueError("the Unleash SDK cannot read these features")
    return client
