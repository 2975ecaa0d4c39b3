"""What Redis did, or cannot have done, when it does not answer as it should.

The server is one of our own: it is frozen, starved and demoted here.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hiredis import pack_command

from app.domain.ids import EventId, partition_of
from app.domain.outcomes import EventIs, OrderIs, OrderPlaced
from app.inventory import Inventory, ServerTime, open_inventory
from app.runtime.errors import ContractError, DependencyError, OutcomeUnknown, Unavailable
from app.runtime.redis_connection import RedisConnection, ScriptMissing, TrustedRun
from tests.builders import PARTITIONS, a_wish, an_event
from tests.inventory.conservation import assert_conserved, facts_of
from tests.servers.redis import RedisServer, start_redis

CONCERT = EventId("concert")
PARTITION = partition_of(CONCERT, PARTITIONS)
SHORT_SECONDS = 0.5
POLLS_MAX = 10_000


@pytest.fixture(scope="module")
def own_server() -> Iterator[RedisServer]:
    server = start_redis()
    yield server
    server.stop()


@pytest.fixture
async def watcher(own_server: RedisServer) -> AsyncIterator[RedisConnection]:
    """A second connection to the emptied server, for looking and for setting up."""
    watcher = RedisConnection(own_server.url, timeout_seconds=5, connections_max=1)
    await watcher.call("FLUSHALL")
    yield watcher
    await watcher.aclose()


@pytest.fixture
async def hasty(own_server: RedisServer) -> AsyncIterator[RedisConnection]:
    """One connection that waits for nobody."""
    hasty = RedisConnection(own_server.url, timeout_seconds=SHORT_SECONDS, connections_max=1)
    yield hasty
    await hasty.aclose()


@pytest.fixture
async def selling(watcher: RedisConnection, hasty: RedisConnection) -> Inventory:
    """Sells through the hasty connection, by the server's clock."""
    time = ServerTime(timeout_seconds=SHORT_SECONDS)
    inventory = open_inventory(hasty, time, partitions=PARTITIONS)
    await inventory.outbox.start_partition(PARTITION)
    assert isinstance(await inventory.events.open_event(an_event()), EventIs)
    return inventory


@asynccontextmanager
async def frozen(server: RedisServer) -> AsyncIterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@asynccontextmanager
async def configured(watcher: RedisConnection, name: str, value: str) -> AsyncIterator[None]:
    reply = await watcher.call("CONFIG", "GET", name)
    assert isinstance(reply, list)
    await watcher.call("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        await watcher.call("CONFIG", "SET", name, str(reply[1]))


async def until_info(watcher: RedisConnection, section: str, expected: str) -> None:
    """Returns once INFO says so; a bounded number of questions."""
    for _ in range(POLLS_MAX):
        if expected in str(await watcher.call("INFO", section)):
            return
    raise AssertionError(f"INFO {section} never said {expected}")


@asynccontextmanager
async def patient(server: RedisServer) -> AsyncIterator[RedisConnection]:
    connection = RedisConnection(server.url, timeout_seconds=5, connections_max=1)
    yield connection
    await connection.aclose()


async def blocked_client(watcher: RedisConnection, *, other_than: str = "") -> str:
    """The id of the client that waits for a list, once there is one."""
    for _ in range(POLLS_MAX):
        for client in str(await watcher.call("CLIENT", "LIST")).splitlines():
            fields = dict(each.partition("=")[::2] for each in client.split())
            if fields["cmd"] == "blpop" and fields["id"] != other_than:
                return fields["id"]
    raise AssertionError("nobody ever waited for a list")


# Nothing was sent


async def test_without_a_server_nothing_was_sent(tmp_path: Path) -> None:
    nowhere = RedisConnection(f"unix://{tmp_path}/none", timeout_seconds=5, connections_max=1)

    with pytest.raises(Unavailable, match="no connection to Redis"):
        await nowhere.call("PING")


async def test_whoever_waits_too_long_for_a_free_connection_has_sent_nothing(
    hasty: RedisConnection, watcher: RedisConnection
) -> None:
    taken = await hasty._pool.get_connection()  # type: ignore[no-untyped-call]

    with pytest.raises(Unavailable, match="No connection available"):
        await hasty.call("SET", "key", "value")

    await hasty._pool.release(taken)
    assert await watcher.call("GET", "key") is None


# Sent, and no answer


async def test_a_command_that_a_frozen_server_runs_too_late_changes_nothing(
    own_server: RedisServer, watcher: RedisConnection, selling: Inventory, hasty: RedisConnection
) -> None:
    await selling.orders.place_order(a_wish(email="bob@example.com"))  # Redis knows the script
    before = await facts_of(selling, CONCERT)
    await watcher.call("CONFIG", "RESETSTAT")
    async with frozen(own_server):
        with pytest.raises(OutcomeUnknown, match="did not answer 'EVALSHA'"):
            await selling.orders.place_order(a_wish())
        with pytest.raises(DependencyError):  # as long again, so that it is late for certain
            await hasty.call("PING")
    await until_info(watcher, "commandstats", "cmdstat_evalsha:calls=1,")

    assert await facts_of(selling, CONCERT) == before
    assert await selling.orders.read_order(a_wish().address) is None
    outcome = await selling.orders.place_order(a_wish())
    assert isinstance(outcome, OrderPlaced)
    assert not outcome.replayed
    await assert_conserved(selling, watcher, CONCERT)


async def test_the_answer_of_a_command_that_was_given_up_reaches_nobody(
    own_server: RedisServer, hasty: RedisConnection, watcher: RedisConnection
) -> None:
    assert await hasty.call("ECHO", "before") == "before"
    async with frozen(own_server):
        with pytest.raises(OutcomeUnknown):
            await hasty.call("ECHO", "given up")
    await watcher.call("PING")

    assert await hasty.call("ECHO", "after") == "after"


# The connection broke


async def test_a_restart_of_the_server_is_not_felt_by_whoever_asks_next() -> None:
    server = start_redis(appendonly=True)
    connection = RedisConnection(server.url, timeout_seconds=5, connections_max=2)
    try:
        await asyncio.gather(*(connection.call("SET", each, each) for each in "ab"))
        server.kill()
        server.start()
        assert await asyncio.gather(*(connection.call("GET", each) for each in "ab")) == ["a", "b"]
    finally:
        await connection.aclose()
        server.stop()


async def test_a_command_whose_connection_breaks_is_sent_once_more(
    own_server: RedisServer, watcher: RedisConnection
) -> None:
    async with patient(own_server) as connection:
        waiting = asyncio.create_task(connection.call("BLPOP", "list", 60))
        await watcher.call("CLIENT", "KILL", "ID", await blocked_client(watcher))
        await watcher.call("RPUSH", "list", "value")

        assert await waiting == ["list", "value"]


async def test_a_command_whose_connection_breaks_twice_is_given_up(
    own_server: RedisServer, watcher: RedisConnection
) -> None:
    async with patient(own_server) as connection:
        waiting = asyncio.create_task(connection.call("BLPOP", "list", 60))
        first = await blocked_client(watcher)
        await watcher.call("CLIENT", "KILL", "ID", first)
        await watcher.call("CLIENT", "KILL", "ID", await blocked_client(watcher, other_than=first))

        with pytest.raises(OutcomeUnknown):
            await waiting
        assert await connection.call("ECHO", "next") == "next"


async def test_a_server_that_dies_with_the_question_leaves_the_outcome_unknown() -> None:
    server = start_redis()
    dying = RedisConnection(server.url, timeout_seconds=5, connections_max=1)
    try:
        with pytest.raises(OutcomeUnknown):
            await dying.call("SHUTDOWN", "NOSAVE")
        with pytest.raises(Unavailable):
            await dying.call("PING")
    finally:
        await dying.aclose()
        server.stop()


# Cancelled in mid-air


async def test_a_cancelled_call_leaves_its_answer_to_nobody(
    hasty: RedisConnection, watcher: RedisConnection
) -> None:
    waiting = asyncio.create_task(hasty.call("BLPOP", "never", 5))
    await until_info(watcher, "clients", "blocked_clients:1")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await watcher.call("RPUSH", "never", "the answer of another")

    assert await hasty.call("ECHO", "mine") == "mine"


async def test_calls_cancelled_at_any_moment_never_shift_the_answers(
    own_server: RedisServer,
) -> None:
    connection = RedisConnection(own_server.url, timeout_seconds=5, connections_max=2)
    for turns in range(60):
        doomed = asyncio.create_task(connection.call("ECHO", f"doomed {turns}"))
        for _ in range(turns % 15):
            await asyncio.sleep(0)
        doomed.cancel()
        asked = [f"{turns}, {each}" for each in range(3)]
        found = await asyncio.gather(*(connection.call("ECHO", each) for each in asked))
        assert found == asked
        await asyncio.gather(doomed, return_exceptions=True)
    await connection.aclose()


async def test_an_answer_that_nobody_asked_for_is_read_by_nobody(hasty: RedisConnection) -> None:
    assert await hasty.call("ECHO", "before") == "before"
    (resting,) = hasty._resting
    await resting.send_packed_command(pack_command(("ECHO", "stray")))  # type: ignore[arg-type]
    for _ in range(POLLS_MAX):
        if await resting.can_read():
            break
        await asyncio.sleep(0)
    assert await resting.can_read()

    assert await hasty.call("ECHO", "mine") == "mine"


async def test_whoever_waits_for_a_connection_is_served_by_those_that_rest(
    own_server: RedisServer,
) -> None:
    connection = RedisConnection(own_server.url, timeout_seconds=5, connections_max=2)
    for turns in range(20):
        asked = [f"{turns}, {each}" for each in range(40)]
        found = await asyncio.gather(*(connection.call("ECHO", each) for each in asked))
        assert found == asked
    assert len(connection._resting) <= 2
    await connection.aclose()


async def test_a_connection_that_is_given_up_while_it_is_made_leaves_its_greeting_to_nobody(
    own_server: RedisServer,
) -> None:
    connection = RedisConnection(
        own_server.url, timeout_seconds=5, connections_max=1, trusted=TrustedRun()
    )
    async with frozen(own_server):
        doomed = asyncio.create_task(connection.call_many([("ECHO", "doomed")], of_any_run=True))
        for _ in range(POLLS_MAX):
            await asyncio.sleep(0)
            if any(each.is_connected for each in connection._pool._in_use_connections):
                break
        else:
            raise AssertionError("it never connected")
        for _ in range(5):  # and has asked for the run by now
            await asyncio.sleep(0)
        doomed.cancel()
        await asyncio.gather(doomed, return_exceptions=True)
        asked = asyncio.create_task(connection.call_many([("ECHO", "mine")], of_any_run=True))
        for _ in range(20):  # it has written its question, if the first connection were still there
            await asyncio.sleep(0)
    assert await asked == ["mine"]
    await connection.aclose()


# Refused at the door


async def test_a_full_server_sells_no_more_but_takes_back(
    watcher: RedisConnection, selling: Inventory
) -> None:
    overdue = an_event("short", hold_seconds=1)
    partition = partition_of(overdue.id, PARTITIONS)
    await selling.outbox.start_partition(partition)
    await selling.events.open_event(overdue)
    late = a_wish(event_id=overdue.id, confirm=False)
    held, confirmed = a_wish(confirm=False, key="key-1111111111111111"), a_wish()
    for wish in (late, held, confirmed):
        assert isinstance(await selling.orders.place_order(wish), OrderPlaced)
    await watcher.call(
        "HSET", f"{{p{partition:02d}}}:order:{late.address.order_id}", *("expires_at", 1)
    )

    async with configured(watcher, "maxmemory", "1"):
        with pytest.raises(Unavailable, match="Redis refuses: OOM"):
            await selling.orders.place_order(a_wish(email="bob@example.com"))
        assert isinstance(await selling.orders.release_order(held.address), OrderIs)
        assert isinstance(await selling.orders.cancel_order(confirmed.address), OrderIs)
        ids = [late.address.order_id]
        assert await selling.orders.expire_orders(partition, overdue.id, ids) == 1

    await assert_conserved(selling, watcher, CONCERT)
    assert isinstance(
        await selling.orders.place_order(a_wish(email="bob@example.com")), OrderPlaced
    )


async def test_a_server_that_became_a_replica_sells_nothing_and_says_so(
    watcher: RedisConnection, selling: Inventory
) -> None:
    await watcher.call("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(Unavailable, match="Redis refuses: READONLY"):
            await selling.orders.place_order(a_wish())
        faults = (await selling.server.read()).faults
    finally:
        await watcher.call("REPLICAOF", "NO", "ONE")

    assert "Redis is a slave, but must be the master" in faults
    assert len(await facts_of(selling, CONCERT)) == 1


async def test_a_server_that_forgets_on_a_crash_is_said_to_be_one(selling: Inventory) -> None:
    state = await selling.server.read()

    assert state.faults == ("Redis has appendonly 'no', but must have 'yes'",)
    assert state.run_id


async def test_a_server_that_wants_a_password_was_not_asked_anything(
    own_server: RedisServer, watcher: RedisConnection
) -> None:
    async with configured(watcher, "requirepass", "secret"):
        stranger = RedisConnection(own_server.url, timeout_seconds=5, connections_max=1)
        with pytest.raises(Unavailable, match="Authentication required"):
            await stranger.call("SET", "key", "value")
        await stranger.aclose()

    assert await watcher.call("GET", "key") is None


# Wrong commands of ours


async def test_a_command_that_is_wrong_is_a_fault_of_our_own(watcher: RedisConnection) -> None:
    with pytest.raises(ContractError, match="Redis rejects a command of ours"):
        await watcher.call("HGET", "one argument")
    with pytest.raises(ScriptMissing):
        await watcher.call("EVALSHA", "0" * 40, 0)


async def test_after_an_error_among_many_answers_the_next_answer_is_the_right_one(
    watcher: RedisConnection,
) -> None:
    await watcher.call("SET", "text", "value")

    with pytest.raises(ContractError, match="WRONGTYPE"):
        await watcher.call_many([("GET", "text"), ("LPOP", "text"), ("ECHO", "last of many")])

    assert await watcher.call("ECHO", "next") == "next"


async def test_answers_come_as_text_or_as_bytes(own_server: RedisServer) -> None:
    for as_text, expected in ((True, "ñ"), (False, "ñ".encode())):
        connection = RedisConnection(
            own_server.url, timeout_seconds=5, connections_max=1, as_text=as_text
        )
        assert await connection.call("ECHO", "ñ") == expected
        await connection.aclose()
