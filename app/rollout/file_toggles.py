"""Toggles from a file in Unleash's own format (that of `GET /api/client/features`), through the
official SDK: no network, no thread, nothing in the home directory.

The file is read again whenever it changed. What cannot be used (half written, broken, gone) leaves
the last good payload in force.
"""

import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import structlog
from UnleashClient.cache import BaseCache
from UnleashClient.clients.unleash_client import UnleashClient
from UnleashClient.constants import FEATURES_URL
from UnleashClient.utils import InstanceAllowType

from app.rollout.catalogue import CATALOGUE, Toggle
from app.rollout.toggles import ToggleContext, ToggleState
from app.runtime.metrics import TOGGLE_RELOADS

log = structlog.get_logger(__name__)

_Stamp = tuple[int, ...]


class FileToggles:
    """Until there has been a good payload, the defaults of the catalogue stand."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: _Stamp | None = None
        self._client: UnleashClient | None = None
        self._enabled: Mapping[str, bool] = {}
        self.refresh()

    def is_on(self, toggle: Toggle, context: ToggleContext) -> bool:
        if self._client is None or toggle.name not in self._enabled:
            return toggle.default
        fields: dict[str, Any] = {"eventId": context.event_id}
        if context.organiser_id is not None:
            fields["organiserId"] = context.organiser_id
        if context.sticky_id is not None:
            fields["userId"] = context.sticky_id
        return bool(self._client.is_enabled(toggle.name, fields))

    def refresh(self) -> bool:
        stamp = _stamp_of(self._path)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            text = self._path.read_text(encoding="utf-8")
            enabled = _read_features(text)
            client = _open_client(text, enabled.keys())
        except (OSError, ValueError, RecursionError) as error:
            TOGGLE_RELOADS.labels("refused").inc()
            log.warning("toggles cannot be used", file=str(self._path), error=str(error))
            return False
        self._client, self._enabled = client, enabled
        TOGGLE_RELOADS.labels("loaded").inc()
        log.info("toggles loaded", file=str(self._path))
        return True

    def describe(self) -> Sequence[ToggleState]:
        return [ToggleState(toggle, self._enabled.get(toggle.name)) for toggle in CATALOGUE]


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


def _stamp_of(path: Path) -> _Stamp:
    """Differs whenever the file may read differently; empty for one that is not there. The time of
    change, not that of writing: it also tells of permissions that were mended."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_ctime_ns, stat.st_size, stat.st_ino


def _read_features(text: str) -> Mapping[str, bool]:
    """Name to enabled. ValueError for what is not Unleash's format."""
    payload = json.loads(text)
    if not isinstance(payload, dict) or not isinstance(payload.get("features"), list):
        raise ValueError(  # noqa: TRY004 - of the file, not of an argument
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
