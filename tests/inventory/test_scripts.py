"""The loader of Lua files: what it puts together, and where it says that a mistake is."""

from pathlib import Path

import pytest

from app.domain.facts import FACTS
from app.inventory import ScriptError
from app.inventory.scripts import Script, Signature, load_script, load_scripts

HEADER = """#!lua
--[[
try: does something.

KEYS
  1 head  hash  what it is
  2+ order hash
ARGV
  1 now_ms  int
REPLY
  DONE count
  LATE
EMITS
  OrderHeld OrderExpired
COST
  O(1)
]]
"""
QUIET = HEADER.replace("  OrderHeld OrderExpired", "  nothing")


def write_try(folder: Path, text: str, **library: str) -> Path:
    """A folder of one command, `try`, and some library files."""
    path = folder / "commands" / "try.lua"
    path.parent.mkdir()
    path.write_text(text)
    (folder / "lib").mkdir()
    for name, each in library.items():
        (folder / "lib" / f"{name}.lua").write_text(each)
    return path


def test_a_command_is_what_its_header_says(tmp_path: Path) -> None:
    script = load_script(write_try(tmp_path, HEADER + "return 1\n"))

    assert script == Script(
        name="try",
        source=HEADER + "return 1\n",
        sha=script.sha,
        keys=Signature(count=2, repeats=True),
        arguments=Signature(count=1, repeats=False),
        reply_words=frozenset({"DONE", "LATE"}),
        emits=frozenset({"OrderHeld", "OrderExpired"}),
    )
    assert load_scripts(tmp_path) == {"try": script}


def test_nothing_is_no_fact(tmp_path: Path) -> None:
    assert load_script(write_try(tmp_path, QUIET)).emits == frozenset()


@pytest.mark.parametrize(
    ("signature", "fitting", "not_fitting"),
    [
        (Signature(2, repeats=False), [2], [0, 1, 3]),
        (Signature(2, repeats=True), [2, 3, 100], [0, 1]),
    ],
)
def test_a_signature_fits_its_number_and_with_a_plus_any_greater_one(
    signature: Signature, fitting: list[int], not_fitting: list[int]
) -> None:
    assert all(signature.fits(each) for each in fitting)
    assert not any(signature.fits(each) for each in not_fitting)


def test_an_included_file_is_put_in_once_where_it_is_first_asked_for(tmp_path: Path) -> None:
    command = '--- @include "lib/upper"\n--- @include "lib/lower"\nreturn 1\n'
    path = write_try(
        tmp_path, HEADER + command, upper='--- @include "lib/lower"\n-- upper\n', lower="-- lower\n"
    )

    assert load_script(path).source == HEADER + "-- lower\n-- upper\nreturn 1\n"


@pytest.mark.parametrize(
    ("body", "library", "message"),
    [
        ('--- @include "lib/a"', {}, "commands/try.lua:18: there is no lib/a.lua to include"),
        (
            'return 1\n--- @include "lib/a"',
            {"a": '-- a\n-- a\n--- @include "lib/b"\n'},
            "lib/a.lua:3: there is no lib/b.lua to include",
        ),
        (
            '--- @include "lib/a"',
            {"a": '--- @include "lib/b"\n', "b": '-- b\n--- @include "lib/a"\n'},
            "lib/b.lua:2: a circle of includes: try -> a -> b -> a",
        ),
        (
            '--- @include "commands/try"',
            {},
            "commands/try.lua:18: a circle of includes: try -> try",
        ),
        ('--- @inclde "lib/a"', {}, 'commands/try.lua:18: not a directive: --- @inclde "lib/a"'),
        ("--- @include lib/a", {}, "commands/try.lua:18: not a directive: --- @include lib/a"),
    ],
)
def test_a_bad_include_is_told_with_its_file_and_line(
    body: str, library: dict[str, str], message: str, tmp_path: Path
) -> None:
    path = write_try(tmp_path, HEADER + body + "\n", **library)

    with pytest.raises(ScriptError) as caught:
        load_script(path)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (HEADER, "", "1: a command begins with #!lua"),
        ("#!lua", "-- lua", "1: a command begins with #!lua"),
        ("--[[", "--[==[", "2: a header --[[ ... ]] follows the first line"),
        ("\n]]\n", "\n", "2: a header --[[ ... ]] follows the first line"),
        ("try: ", "other: ", "3: the header begins with 'try: ' and the purpose"),
        ("REPLY\n  DONE count\n  LATE\n", "", "2: the header lacks REPLY"),
        ("  O(1)\n", "", "2: the header lacks COST"),
        ("EMITS", "emits", "13: not a section, nor a line of one: emits"),
        ("\nKEYS", "  a line of nothing\nKEYS", "4: not a section, nor a line of one:"),
        (
            "  1 head  hash  what it is",
            "  2 head",
            "6: entries are numbered from 1; only the last may repeat",
        ),
        ("  1 head", "  1+ head", "7: entries are numbered from 1; only the last may repeat"),
        ("  1 now_ms", "  now_ms", "9: entries are numbered from 1; only the last may repeat"),
    ],
)
def test_a_bad_header_is_told_with_its_line(
    before: str, after: str, message: str, tmp_path: Path
) -> None:
    assert before in HEADER

    with pytest.raises(ScriptError) as caught:
        load_script(write_try(tmp_path, HEADER.replace(before, after, 1)))

    assert str(caught.value).startswith(f"commands/try.lua:{message}")


def test_every_command_of_ours_tells_facts_that_exist() -> None:
    told = frozenset[str]().union(*(each.emits for each in load_scripts().values()))

    assert told == FACTS.keys()
