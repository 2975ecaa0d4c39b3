"""Loads the Lua commands: resolves includes, reads the header of each, and runs them by hash.

A command file begins with `#!lua`, then a block comment that is its contract (lua/README.md has the
grammar). The numbers of keys and arguments in it are checked before anything is sent.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from app.inventory.redis_time import RedisTime
from app.inventory.replies import ScriptReply, parse_reply
from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable
from app.runtime.metrics import REDIS_SECONDS
from app.runtime.redis_connection import Argument, RedisConnection, Reply, ScriptMissing

LUA_DIRECTORY = Path(__file__).parents[2] / "lua"

_INCLUDE = re.compile(r'^--- @include "(?P<name>[^"]+)"\s*$')
_SECTIONS = ("KEYS", "ARGV", "REPLY", "EMITS", "COST")
_NUMBERED = re.compile(r"  (?P<number>\d+)(?P<repeats>\+?) +\S")


class ScriptError(ContractError):
    """A Lua file that cannot be used: names the file and the line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path.parent.name}/{path.name}:{line}: {message}")


@dataclass(frozen=True, slots=True)
class Signature:
    """How many there must be; `repeats`: the last one stands for one or more."""

    count: int
    repeats: bool

    def fits(self, given: int) -> bool:
        return given >= self.count if self.repeats else given == self.count


@dataclass(frozen=True, slots=True)
class Script:
    """One command, ready to send."""

    name: str
    source: str
    sha: str
    keys: Signature
    arguments: Signature
    reply_words: frozenset[str]
    emits: frozenset[str]


def load_scripts(directory: Path | None = None) -> Mapping[str, Script]:
    """All commands by name, of LUA_DIRECTORY or another. Raises ScriptError with file and line."""
    commands = (directory or LUA_DIRECTORY) / "commands"
    return {path.stem: load_script(path) for path in sorted(commands.glob("*.lua"))}


def load_script(path: Path) -> Script:
    lines = path.read_text().splitlines()
    if not lines or not lines[0].startswith("#!lua"):
        raise ScriptError(path, 1, "a command begins with #!lua")
    sections = _read_header(path, lines)
    body = _resolve(path, lines[1:], first_line=2, seen=set(), stack=(path,))
    source = "\n".join([lines[0], *body]) + "\n"
    return Script(
        name=path.stem,
        source=source,
        sha=hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest(),
        keys=_read_signature(path, sections["KEYS"]),
        arguments=_read_signature(path, sections["ARGV"]),
        reply_words=frozenset(text.split()[0] for _, text in sections["REPLY"]),
        emits=frozenset(
            word for _, text in sections["EMITS"] for word in text.split() if word != "nothing"
        ),
    )


def _resolve(
    path: Path, lines: Sequence[str], *, first_line: int, seen: set[Path], stack: tuple[Path, ...]
) -> list[str]:
    """Each file is put in once, where it is first asked for."""
    resolved: list[str] = []
    for number, line in enumerate(lines, first_line):
        match = _INCLUDE.match(line)
        if match is None:
            if line.startswith("--- @"):
                raise ScriptError(path, number, f"not a directive: {line}")
            resolved.append(line)
            continue
        included = stack[0].parents[1] / f"{match['name']}.lua"
        if included in stack:
            circle = " -> ".join(each.stem for each in (*stack, included))
            raise ScriptError(path, number, f"a circle of includes: {circle}")
        if not included.is_file():
            raise ScriptError(path, number, f"there is no {match['name']}.lua to include")
        if included not in seen:
            seen.add(included)
            text = included.read_text().splitlines()
            resolved += _resolve(included, text, first_line=1, seen=seen, stack=(*stack, included))
    return resolved


def _read_header(path: Path, lines: Sequence[str]) -> Mapping[str, list[tuple[int, str]]]:
    """Section name to (line number, text) pairs."""
    if len(lines) < 3 or lines[1] != "--[[" or "]]" not in lines:
        raise ScriptError(path, 2, "a header --[[ ... ]] follows the first line")
    if not lines[2].startswith(f"{path.stem}: "):
        raise ScriptError(path, 3, f"the header begins with '{path.stem}: ' and the purpose")
    sections: dict[str, list[tuple[int, str]]] = {}
    current: list[tuple[int, str]] | None = None
    for number, line in enumerate(lines[3 : lines.index("]]")], 4):
        if line in _SECTIONS:
            current = sections.setdefault(line, [])
        elif line.startswith("  ") and current is not None:
            current.append((number, line))
        elif line:
            raise ScriptError(path, number, f"not a section, nor a line of one: {line}")
    missing = [name for name in _SECTIONS if not sections.get(name)]
    if missing:
        raise ScriptError(path, 2, f"the header lacks {', '.join(missing)}")
    return sections


def _read_signature(path: Path, entries: Sequence[tuple[int, str]]) -> Signature:
    count, repeats = 0, False
    for number, text in entries:
        match = _NUMBERED.match(text)
        if match is None or int(match["number"]) != count + 1 or repeats:
            raise ScriptError(path, number, "entries are numbered from 1; only the last may repeat")
        count, repeats = count + 1, match["repeats"] == "+"
    return Signature(count, repeats)


class ScriptLibrary:
    """Runs commands on one Redis. A hash that Redis has forgotten is loaded again and run.

    Every command gets the time as its first argument; a writing one also gets `not_after`.
    """

    def __init__(
        self, connection: RedisConnection, scripts: Mapping[str, Script], time: RedisTime
    ) -> None:
        self.time = time
        self._connection = connection
        self._scripts = scripts

    async def write(
        self, name: str, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> ScriptReply:
        """A command whose second argument is `not_after_ms`. Errors as of `run`."""
        return await self.run(name, keys, (self.time.not_after_ms(), *arguments))

    async def read(
        self, name: str, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> ScriptReply:
        """A command that changes nothing, so that no answer is Unavailable as well."""
        try:
            return await self.run(name, keys, arguments)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    async def run(
        self, name: str, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> ScriptReply:
        """Raises Unavailable (nothing happened), OutcomeUnknown, or ContractError."""
        script = self._scripts[name]
        arguments = (self.time.argument, *arguments)
        if not (script.keys.fits(len(keys)) and script.arguments.fits(len(arguments))):
            raise ContractError(
                f"{name} takes other numbers of keys and arguments than it is given"
            )
        asked_at = monotonic()
        try:
            answer = await self._evaluate(script, keys, arguments)
        finally:
            REDIS_SECONDS.labels(name).observe(monotonic() - asked_at)
        reply = parse_reply(name, script.reply_words, answer)
        self.time.learn(reply.now_ms, asked_at=asked_at)
        return reply

    async def _evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Reply:
        command = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
        try:
            return await self._connection.call(*command)
        except ScriptMissing:
            await self._connection.call("SCRIPT", "LOAD", script.source)
        try:
            return await self._connection.call(*command)
        except ScriptMissing as error:
            raise OutcomeUnknown(f"Redis forgets {script.name} as soon as it is loaded") from error
