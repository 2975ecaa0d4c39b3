"""Replies of Lua commands: a word, the server's time, and what the word carries.

A word that the command's header does not name, or that a method does not expect, is a
ContractError: our two halves disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from app.runtime.errors import ContractError, Reason, Unavailable
from app.runtime.redis_connection import Reply


@dataclass(frozen=True, slots=True)
class ScriptReply:
    command: str
    word: str
    now_ms: int
    rest: list[Reply]

    def text(self, index: int) -> str:
        """The part at `index` behind the time, as text."""
        value = self.rest[index]
        if not isinstance(value, str | int):
            raise ContractError(f"{self.command} {self.word} carries no text at {index}")
        return str(value)

    def whole(self, index: int) -> int:
        return int(self.text(index))

    def fields(self, index: int) -> Mapping[str, str]:
        """A flat list of names and values as a mapping."""
        return pair_fields(self.rest[index])

    def fail(self) -> NoReturn:
        """For the words that every writing command may answer and no caller can act on."""
        match self.word:
            case "LATE":
                raise Unavailable(f"{self.command} came too late and changed nothing", Reason.BUSY)
            case "NOT_READY":
                raise Unavailable(
                    "this Redis was never started, or has lost its data", Reason.NOT_READY
                )
            case _:
                raise ContractError(f"{self.command} answers {self.word}")


def pair_fields(flat: Reply) -> Mapping[str, str]:
    """A flat list of names and values, as Redis and Lua answer a hash."""
    if not isinstance(flat, list) or len(flat) % 2:
        raise ContractError(f"{flat!r} is not a list of names and values")
    names = iter(flat)
    return {str(name): str(value) for name, value in zip(names, names, strict=True)}


def parse_reply(command: str, words: frozenset[str], reply: Reply) -> ScriptReply:
    if not isinstance(reply, list) or len(reply) < 2 or not isinstance(reply[1], int):
        raise ContractError(f"{command} answers {reply!r}, which is not a word and a time")
    word = str(reply[0])
    if word not in words:
        raise ContractError(f"{command} answers {word}, which its header does not name")
    return ScriptReply(command, word, reply[1], reply[2:])
