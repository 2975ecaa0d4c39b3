"""Running commands by their hash on a Redis that may forget them, and checking what comes back."""

import pytest

from app.domain.ids import Partition
from app.domain.outcomes import OrderPlaced
from app.inventory import Inventory, ScriptLibrary, TestTime
from app.inventory.keys import PartitionKeys
from app.inventory.replies import ScriptReply, pair_fields, parse_reply
from app.inventory.scripts import load_scripts
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError, Unavailable
from app.runtime.redis_connection import RedisConnection, Reply
from tests.builders import a_wish, an_event

HEAD = PartitionKeys(Partition(0)).head
WORDS = frozenset({"DONE"})


@pytest.fixture
def scripts(connection: RedisConnection, clock: SettableClock) -> ScriptLibrary:
    return ScriptLibrary(connection, load_scripts(), TestTime(clock))


async def test_a_command_that_redis_has_forgotten_is_loaded_again_and_run(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await inventory.events.open_event(an_event())
    await connection.call("SCRIPT", "FLUSH")

    assert isinstance(await inventory.orders.place_order(a_wish()), OrderPlaced)


@pytest.mark.parametrize(
    ("keys", "arguments"),
    [([], []), ([HEAD, HEAD], []), ([HEAD], ["one too many"])],
    ids=["too few keys", "too many keys", "too many arguments"],
)
async def test_other_numbers_of_keys_and_arguments_are_never_sent(
    keys: list[str], arguments: list[str], scripts: ScriptLibrary, connection: RedisConnection
) -> None:
    with pytest.raises(ContractError, match="start_partition takes other numbers"):
        await scripts.run("start_partition", keys, arguments)

    assert await connection.call("DBSIZE") == 0


async def test_a_reply_is_a_word_the_time_and_what_the_word_carries(
    scripts: ScriptLibrary, clock: SettableClock
) -> None:
    reply = await scripts.run("start_partition", [HEAD], [])

    assert reply == ScriptReply("start_partition", "HEAD", clock.now_ms(), ["1", "0"])
    assert (reply.text(0), reply.whole(1)) == ("1", 0)


@pytest.mark.parametrize("reply", [None, "DONE", [], ["DONE"], ["DONE", "soon"], ["SURPRISE", 1]])
def test_a_reply_that_no_command_of_ours_gives_is_a_fault_of_our_own(reply: Reply) -> None:
    with pytest.raises(ContractError, match="try answers"):
        parse_reply("try", WORDS, reply)


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        ("LATE", Unavailable, "try came too late and changed nothing"),
        ("NOT_READY", Unavailable, "this Redis was never started, or has lost its data"),
        ("MALFORMED", ContractError, "try answers MALFORMED"),
    ],
)
def test_a_word_that_no_caller_can_act_on_is_an_error(
    word: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        ScriptReply("try", word, 1, []).fail()

    assert str(caught.value) == message


def test_a_flat_list_is_names_and_values() -> None:
    assert pair_fields(["a", "1", "b", 2]) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("flat", [["a"], "ab", None])
def test_anything_else_is_not_names_and_values(flat: Reply) -> None:
    with pytest.raises(ContractError, match="is not a list of names and values"):
        pair_fields(flat)


def test_a_part_that_is_not_text_is_a_fault_of_our_own() -> None:
    with pytest.raises(ContractError, match="carries no text at 0"):
        ScriptReply("try", "DONE", 1, [["a", "list"]]).text(0)
