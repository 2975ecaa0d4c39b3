"""`./taquilla tickets check`: a gate without a network, from two saved answers or own secrets."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.api.ticket_forms import answer_key
from app.domain.ids import EventId, OrderId, TicketTypeId
from app.domain.ticket_codes import TicketKeys
from app.domain.tickets import Ticket

ROOT = Path(__file__).parents[2]
SECRET = "a secret that only this gate of the tests knows"
KEYS = TicketKeys([SECRET.encode()])
ORDER = OrderId("02.concert." + "a" * 26)
CANCELLED = OrderId("02.concert." + "b" * 26)
NO_NETWORK = """
import socket, sqlite3, sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.bind", "sqlite3.connect"}:
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
sys.argv[0] = "taquilla"
from app.cli.__main__ import main
main()
"""


def a_code(order_id: OrderId = ORDER, number: int = 1, keys: TicketKeys = KEYS) -> str:
    return keys.make_code(Ticket(order_id, EventId("concert"), number, TicketTypeId("adult")))


@dataclass(frozen=True)
class Gate:
    """A machine with two saved answers and nothing else."""

    folder: Path

    def check(self, *arguments: str, stdin: bytes = b"", **environment: str) -> "Said":
        environment = {"TAQUILLA_DATA_DIR": str(self.folder / "data")} | environment
        done = subprocess.run(
            [sys.executable, "-c", NO_NETWORK, "tickets", "check", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def save(self, name: str, document: object) -> str:
        path = self.folder / name
        path.write_text(json.dumps(document))
        return str(path)

    def save_revoked(
        self, name: str, *ids: str, following: str | None = None, event: str = "concert"
    ) -> str:
        items = [{"id": each} for each in ids]
        as_of = "2026-05-01T18:00:00.123Z"
        document = {"event_id": event, "as_of": as_of, "items": items, "next": following}
        return self.save(name, document)


@dataclass(frozen=True)
class Said:
    exit_code: int
    out: str
    err: str


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


@pytest.fixture
def files(gate: Gate) -> list[str]:
    """Keys, and a list of two pages: all of the cancelled order is on it."""
    items = [answer_key(each).model_dump() for each in KEYS.public.values()]
    return [
        *("--keys", gate.save("keys.json", {"items": items, "next": None})),
        *("--revoked", gate.save_revoked("1.json", f"{CANCELLED}.1", following="1.5.1")),
        *("--revoked", gate.save_revoked("2.json", f"{CANCELLED}.2")),
    ]


def test_a_ticket_of_the_event_is_valid(gate: Gate, files: list[str]) -> None:
    said = gate.check(a_code(), *files, "--event", "concert")
    assert said == Said(0, f"valid  concert  adult  {ORDER}.1\n", "")


def test_anything_else_is_refused_in_a_word(gate: Gate, files: list[str]) -> None:
    others = [*files[:2], "--revoked", gate.save_revoked("match.json", event="match")]
    for event in (["--event", "match"], []):
        said = gate.check(a_code(), *others, *event)
        assert said == Said(1, f"other event  concert  adult  {ORDER}.1\n", "")
    mixed = gate.check(a_code(), *files, "--event", "match")
    assert (mixed.exit_code, mixed.out) == (2, "")
    assert "this is the list of concert, and not of match" in mixed.err
    answers = {
        a_code(CANCELLED, 1): f"revoked  concert  adult  {CANCELLED}.1",
        a_code(CANCELLED, 2): f"revoked  concert  adult  {CANCELLED}.2",
        a_code(keys=TicketKeys([b"x" * 32])): "not ours",
        a_code()[:-15] + a_code(number=2)[-15:]: "not ours",
        a_code().lower(): "malformed",
        f" {a_code()}": "malformed",
        "https://example.com/": "malformed",
    }
    said = gate.check("-", *files, "--event", "concert", stdin="\n".join(answers).encode())
    assert (said.exit_code, said.out.splitlines()) == (1, list(answers.values()))


def test_a_scanner_sends_one_code_a_line(gate: Gate, files: list[str]) -> None:
    codes = [a_code(), a_code(CANCELLED), "", "\xff\x00", "x" * 10_000, a_code(number=2)]
    stdin = "\r\n".join(codes).encode("latin-1")
    said = gate.check("-", *files, stdin=stdin)
    words = [line.split("  ")[0] for line in said.out.splitlines()]
    assert words == ["valid", "revoked", "malformed", *["malformed"] * 3, "valid"]
    assert said.exit_code == 1
    assert gate.check("-", *files, stdin=a_code().encode()).exit_code == 0


def test_the_own_secrets_do_as_well_and_old_ones_too(gate: Gate) -> None:
    secrets = f"{'y' * 32},{SECRET}"
    said = gate.check(a_code(), TAQUILLA_SECRET_TICKETS=secrets)
    assert (said.exit_code, said.out.split("  ")[0]) == (0, "valid")
    assert said.err == "no list of revoked tickets was given: a cancelled ticket passes\n"
    assert not (gate.folder / "data").exists()


def test_a_machine_without_keys_is_told_so_and_makes_none(gate: Gate) -> None:
    said = gate.check(a_code())
    assert (said.exit_code, said.out) == (2, "")
    assert "missing: TAQUILLA_SECRET_TICKETS" in said.err
    assert "or give --keys FILE" in said.err
    assert not (gate.folder / "data").exists()


@pytest.mark.parametrize(
    ("option", "content"),
    [
        ("--keys", ""),
        ("--keys", '{"items": [], "next": null}'),
        ("--keys", '{"type": "urn:taquilla:problem:unavailable", "status": 503}'),
        ("--revoked", '{"items": [], "next": null}'),
        ("--revoked", '{"event_id": "concert", "as_of": null, "items": [], "next": "1.5.1"}'),
    ],
)
def test_a_file_that_is_of_no_use_is_said_and_nothing_is_checked(
    gate: Gate, files: list[str], option: str, content: str
) -> None:
    path = gate.folder / "file.json"
    path.write_text(content)
    said = gate.check(a_code(), *files, option, str(path))
    assert (said.exit_code, said.out) == (2, "")
    assert said.err.startswith(f"taquilla: {option} {path}: ")
    assert len(said.err.splitlines()) == 1


def test_a_damaged_key_and_a_missing_file_are_said(gate: Gate) -> None:
    (key,) = (answer_key(each).model_dump() for each in KEYS.public.values())
    damaged = gate.save("keys.json", {"items": [key | {"x": "A" * 43}], "next": None})
    said = gate.check(a_code(), "--keys", damaged)
    assert (said.exit_code, said.err.splitlines()[0].endswith("is damaged")) == (2, True)
    said = gate.check(a_code(), "--keys", str(gate.folder / "nowhere.json"))
    assert (said.exit_code, "No such file or directory" in said.err) == (2, True)


def test_keys_of_a_kind_that_is_not_known_yet_are_passed_over(gate: Gate) -> None:
    (key,) = (answer_key(each).model_dump() for each in KEYS.public.values())
    later = key | {"crv": "Ed448", "kid": "ABCDEFGH", "more": 1}
    keys = gate.save("keys.json", {"items": [later, key], "next": None})
    assert gate.check(a_code(), "--keys", keys).out.startswith("valid  ")
