"""What kind of Redis this is: whether an order that it acknowledged can be lost."""

from dataclasses import dataclass

from app.runtime.redis_connection import RedisConnection, read_info

REQUIRED_CONFIGURATION = {
    # An evicted order would be sold again.
    "maxmemory-policy": "noeviction",
    # With everysec, a kill -9 on a slow disk loses hundreds of acknowledged orders; so, none.
    "appendonly": "yes",
    "appendfsync": "always",
}


@dataclass(frozen=True, slots=True)
class ServerState:
    """`run_id` changes when the server restarts; `faults` are in words for the operator."""

    run_id: str
    faults: tuple[str, ...]


class Server:
    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    async def read(self) -> ServerState:
        """Raises Unavailable when Redis does not answer."""
        names = list(REQUIRED_CONFIGURATION)
        info, replication, *configured = await self._connection.ask_many(
            [
                ("INFO", "server"),
                ("INFO", "replication"),
                *(("CONFIG", "GET", name) for name in names),
            ],
            of_any_run=True,
        )
        found: dict[str, str] = {}
        for reply in configured:
            if isinstance(reply, list) and len(reply) == 2:
                found[str(reply[0])] = str(reply[1])
        faults = [
            f"Redis has {name} {found.get(name)!r}, but must have {wanted!r}"
            for name, wanted in REQUIRED_CONFIGURATION.items()
            if found.get(name) != wanted
        ]
        if (role := read_info(replication, "role")) != "master":
            faults.append(f"Redis is a {role}, but must be the master")
        return ServerState(read_info(info, "run_id"), tuple(faults))
