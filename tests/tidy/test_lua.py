"""Lua headers against their use, and the rules of `lua/README.md`, executed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.facts import FACTS
from app.inventory.scripts import Script, load_scripts
from tests.tidy.sources import ROOT, modules, report

SCRIPTS = load_scripts()
LIBRARY = sorted((ROOT / "lua" / "lib").glob("*.lua"))
FILES = sorted((ROOT / "lua").rglob("*.lua"))

_COMMENT = re.compile(r"--\[\[.*?\]\]|--[^\n]*", re.DOTALL)
_REPLY = re.compile(r'\{\s*"([A-Z][A-Z_]*)"\s*([,}])\s*(\w*)')
_CALL = re.compile(r'redis\.call\(\s*"(\w+)"\s*(?:,\s*([^,)]+))?')
_WRITES = frozenset(
    [
        *("DEL", "EXPIRE", "PEXPIRE", "PERSIST", "RENAME", "SET", "UNLINK"),
        *("DECRBY", "INCR", "INCRBY", "HDEL", "HINCRBY", "HMSET", "HSET", "HSETNX"),
        *("SADD", "SREM", "XADD", "XDEL", "XTRIM", "ZADD", "ZINCRBY", "ZREM"),
    ]
)
_READS = frozenset(
    [
        *("EXISTS", "GET", "MGET", "TIME", "TYPE", "HEXISTS", "HGET", "HGETALL", "HLEN", "HMGET"),
        *("SCARD", "SISMEMBER", "SMEMBERS", "XLEN", "XRANGE", "XREVRANGE", "ZCARD", "ZRANGE"),
        "ZSCORE",
    ]
)
_UNMATCHED = {
    "MALFORMED": "our own mistake: a ContractError",
    "TAKEN": "whatever is not GRANTED",
    "HEAD": "the only answer there is",
}
"""Reply words that need no name in `app/inventory`, and why."""

commands = pytest.mark.parametrize("script", SCRIPTS.values(), ids=lambda script: script.name)
files_of_lua = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def _code(text: str) -> str:
    return _COMMENT.sub("", text)


def _own(script: Script) -> str:
    return _code((ROOT / "lua" / "commands" / f"{script.name}.lua").read_text())


def _included(path: Path) -> set[str]:
    return set(re.findall(r'^--- @include "lib/(\w+)"', path.read_text(), re.MULTILINE))


@commands
@pytest.mark.parametrize("table", ["KEYS", "ARGV"])
def test_what_a_header_numbers_is_what_the_command_uses(script: Script, table: str) -> None:
    signature = script.keys if table == "KEYS" else script.arguments
    code = _own(script)
    used = {int(number) for number in re.findall(rf"\b{table}\[(\d+)\]", code)}
    fixed = set(range(1, signature.count + 1)) - ({signature.count} if signature.repeats else set())
    assert fixed <= used, f"{script.name}: {table} {sorted(fixed - used)} is listed and not used"
    beyond = {number for number in used if number > signature.count}
    assert not beyond, f"{script.name}: {table} {sorted(beyond)} is used and not listed"


@commands
def test_the_reply_words_of_a_header_are_those_that_are_returned(script: Script) -> None:
    returned = {match[1] for match in _REPLY.finditer(_code(script.source))}
    assert returned == script.reply_words, (
        f"{script.name}: REPLY lacks {sorted(returned - script.reply_words)}, "
        f"and promises {sorted(script.reply_words - returned)}"
    )


@commands
def test_behind_the_word_stands_the_time(script: Script) -> None:
    for match in _REPLY.finditer(_code(script.source)):
        assert match[3] == "now", f"{script.name}: write {{ {match[1]!r}, now, ... }}"


@commands
def test_a_header_names_the_facts_that_are_emitted(script: Script) -> None:
    unknown = script.emits - FACTS.keys()
    assert not unknown, f"{script.name}: EMITS {sorted(unknown)} is not in app/domain/facts.py"
    told = {text for text in re.findall(r'"(\w+)"', _code(script.source)) if text in FACTS}
    assert told == script.emits, (
        f"{script.name}: EMITS lacks {sorted(told - script.emits)}, "
        f"and promises {sorted(script.emits - told)}"
    )


def test_every_fact_is_emitted_by_some_command() -> None:
    emitted = {name for script in SCRIPTS.values() for name in script.emits}
    assert emitted == set(FACTS), f"no command emits {sorted(set(FACTS) - emitted)}"


@commands
def test_the_clock_is_read_once(script: Script) -> None:
    calls = re.findall(r"(?<!function )\bnow_ms\(", _code(script.source))
    assert len(calls) == 1, f"{script.name}: call now_ms once and hand `now` on"


@commands
def test_the_flags_tell_readers_from_writers(script: Script) -> None:
    called = {match[1] for match in _CALL.finditer(_code(script.source))}
    unknown = called - _WRITES - _READS
    assert not unknown, f"{script.name}: is {sorted(unknown)} a read or a write? say it here"
    is_reader = not called & _WRITES
    assert ("no-writes" in script.source.splitlines()[0]) is is_reader, (
        f"{script.name}: begin with #!lua{' flags=no-writes' if is_reader else ''}"
    )


@commands
def test_a_command_is_a_method_of_the_inventory(script: Script) -> None:
    methods = {
        node.name
        for module in modules("app")
        if module.package == "app.inventory"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncFunctionDef)
    }
    assert script.name in methods, f"app/inventory has no method {script.name}"


@commands
def test_a_command_has_a_test_file(script: Script) -> None:
    path = ROOT / "tests" / "lua" / f"test_{script.name}.py"
    assert path.is_file(), f"write tests/lua/{path.name}: every word of the header is reached"


def test_the_inventory_knows_exactly_the_words_of_the_headers() -> None:
    words = {word for script in SCRIPTS.values() for word in script.reply_words}
    known = set(_words_of_the_inventory())
    unknown = sorted(words - known - _UNMATCHED.keys())
    assert not unknown, f"app/inventory does not know the reply words {unknown}"
    assert not known - words, f"app/inventory awaits what no command says: {sorted(known - words)}"


def _words_of_the_inventory() -> Iterator[str]:
    for module in modules("app"):
        if module.package == "app.inventory":
            for node in ast.walk(module.tree):
                match node:
                    case ast.MatchValue(value=ast.Constant(value=str(word))) if word.isupper():
                        yield word
                    case ast.Compare(left=ast.Attribute(attr="word"), comparators=compared):
                        for each in compared:
                            for constant in ast.walk(each):
                                if isinstance(constant, ast.Constant):
                                    yield str(constant.value)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_a_library_file_is_one_function_of_its_name_with_its_purpose(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"-- {path.stem}: "), f"{path.name}: begin with -- {path.stem}: purpose"
    outer = re.findall(r"^(?:local )?function (\w+)", text, re.MULTILINE)
    assert outer == [path.stem], f"{path.name}: one function, {path.stem}; found {outer}"
    assert f"\nlocal function {path.stem}(" in text, f"{path.name}: make it local"


def _reached(path: Path) -> set[str]:
    """What a file includes, and what that includes."""
    reached: set[str] = set()
    waiting = _included(path)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _included(ROOT / "lua" / "lib" / f"{name}.lua") - reached
    return reached


@files_of_lua
def test_what_a_file_calls_it_has_and_what_it_includes_it_calls(path: Path) -> None:
    code, included = _code(path.read_text()), _included(path)
    called = {each.stem for each in LIBRARY if re.search(rf"\b{each.stem}\(", code)} - {path.stem}
    lacking, idle = called - _reached(path), included - called
    assert not lacking, f"{path.name}: include {sorted(lacking)}"
    assert not idle, f"{path.name}: includes and never calls {sorted(idle)}"


def test_every_library_file_is_included_by_somebody() -> None:
    included = {name for path in FILES for name in _included(path)}
    idle = [path.stem for path in LIBRARY if path.stem not in included]
    assert not idle, report(idle, "Nothing includes these; delete them:")


@files_of_lua
def test_a_key_is_never_built_in_lua(path: Path) -> None:
    faults = [
        match[0]
        for match in _CALL.finditer(_code(path.read_text()))
        if match[2] is not None and (match[2].lstrip().startswith('"') or ".." in match[2])
    ]
    assert not faults, f"{path.name}: keys come through KEYS, their names from keys.py: {faults}"


@files_of_lua
def test_lua_leaves_alone_what_makes_scripts_unsafe(path: Path) -> None:
    code = _code(path.read_text())
    forbidden = {
        r"\bpcall\b": "check everything first, then write what cannot fail",
        r"\berror\(": "a refusal is a reply word",
        r"math\.random": "nothing here is left to chance",
        r"cjson": "money does not survive cjson; use flat lists",
        r'"KEYS"|"SCAN"': "keys come through KEYS",
        r"while true": "a loop is bounded by an argument",
        r"redis\.sha1hex|redis\.log": "not the work of a script",
    }
    for pattern, reason in forbidden.items():
        assert not re.search(pattern, code), f"{path.name}: no {pattern}: {reason}"


@files_of_lua
def test_lua_has_no_global_names(path: Path) -> None:
    faults = re.findall(
        r"^(?:function \w+|[a-z]\w* *=[^=]).*", _code(path.read_text()), re.MULTILINE
    )
    known = set(re.findall(r"^local ([\w, ]+?)(?: =|$)", _code(path.read_text()), re.MULTILINE))
    names = {name for each in known for name in each.replace(" ", "").split(",")}
    unknown = [each for each in faults if each.split("=")[0].strip() not in names]
    assert not unknown, f"{path.name}: make it local: {unknown}"
