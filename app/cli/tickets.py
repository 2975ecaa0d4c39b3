"""`taquilla tickets check`: what a gate does. No network, no Redis, no SQL: two saved answers of
the API are enough, or the secrets of the installation."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.api import parse_keys, parse_revoked
from app.domain.ids import EventId
from app.domain.ticket_codes import PublicKeys
from app.domain.tickets import TicketId
from app.runtime.errors import ConfigurationError
from app.runtime.settings import load_settings
from app.selling import CheckedTicket, TicketCheck, check_ticket
from app.wiring import load_public_keys

application = typer.Typer(help="Tickets.", no_args_is_help=True)

LINE_BYTES_MAX = 4_096
"""A scanner sends a code and a line end; what is longer is no code, and is read in pieces."""


@application.callback()
def group() -> None:
    """Tickets."""


@application.command("check")
def check(
    code: Annotated[
        str, typer.Argument(help="What the scanner read; -: one a line, from standard input.")
    ],
    event: Annotated[
        str | None,
        typer.Option(help="Refuses the tickets of any other event; without it: that of the list."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="A saved answer of GET /v1/keys; without it: from the secrets."),
    ] = None,
    revoked: Annotated[
        list[Path] | None,
        typer.Option(help="A saved answer of GET /v1/events/{id}/revoked, once for each page."),
    ] = None,
) -> None:
    """Says valid, revoked, other event, not ours or malformed, and for a ticket of ours its event,
    type and id. Exit code 0 when valid (all of them), else 1; 2 for a file that is of no use."""
    public_keys = _read_keys(keys)
    event_id, revoked_ids = _read_revoked(revoked or (), EventId(event) if event else None)
    if not revoked:
        typer.echo("no list of revoked tickets was given: a cancelled ticket passes", err=True)
    are_valid = True
    for each in _lines() if code == "-" else [code]:
        checked = check_ticket(each, public_keys, revoked_ids, event_id)
        typer.echo(_describe(checked))
        are_valid &= checked.check is TicketCheck.VALID
    if not are_valid:
        raise typer.Exit(1)


def _describe(checked: CheckedTicket) -> str:
    ticket = checked.ticket
    said = [ticket.event_id, ticket.ticket_type, ticket.id] if ticket else []
    return "  ".join([checked.check.value, *said])


def _lines() -> Iterator[str]:
    """Each as soon as it is there, without its line end; empty ones are left out."""
    for line in iter(lambda: sys.stdin.buffer.readline(LINE_BYTES_MAX), b""):
        if text := line.rstrip(b"\r\n"):
            yield text.decode("ascii", "replace")


def _read_keys(path: Path | None) -> PublicKeys:
    if path is not None:
        content = _read(path)
        try:
            return parse_keys(content)
        except ValueError as error:
            raise ConfigurationError(
                f"--keys {path}: no saved answer of GET /v1/keys: {_first_line(error)}"
            ) from None
    # Without secrets of its own this can only be the machine of a running `dev`.
    if "TAQUILLA_SECRET_TICKETS" not in os.environ:
        os.environ.setdefault("TAQUILLA_ENV", "development")
    try:
        return load_public_keys(load_settings())
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}; or give --keys FILE") from None


def _read_revoked(
    paths: Sequence[Path], event_id: EventId | None
) -> tuple[EventId | None, frozenset[TicketId]]:
    """A list speaks of one event: with it, only tickets of that one can be valid."""
    ids: frozenset[TicketId] = frozenset()
    following = None
    for path in paths:
        content = _read(path)
        try:
            page = parse_revoked(content)
        except ValueError as error:
            raise ConfigurationError(
                f"--revoked {path}: no saved answer of GET /v1/events/{{id}}/revoked: "
                f"{_first_line(error)}"
            ) from None
        event_id = event_id or page.event_id
        if page.event_id != event_id:
            raise ConfigurationError(
                f"--revoked {path}: this is the list of {page.event_id}, and not of {event_id}"
            )
        ids |= page.ids
        following = page.next
    if following is not None:
        raise ConfigurationError(
            f"--revoked {paths[-1]}: this is not the last page; the next is ?after={following}"
        )
    return event_id, ids


def _read(path: Path) -> bytes:
    """A path as the caller meant it: the launcher goes to its own folder, and says from where."""
    try:
        return Path(os.environ.get("CALLED_FROM", "."), path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None


def _first_line(error: ValueError) -> str:
    return str(error).splitlines()[0]
