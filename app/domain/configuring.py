"""What makes a configuration one that can be sold from: relations between its parts."""

from collections import Counter
from collections.abc import Iterable, Iterator

from app.domain.events import (
    CAPACITY_MAX,
    HOLD_SECONDS_MAX,
    INSTANT_MAX_MS,
    POOLS_MAX,
    TICKET_TYPES_MAX,
    EventConfiguration,
    TicketType,
)
from payments import MAX_AMOUNT_MINOR


def faults_of(configuration: EventConfiguration) -> list[tuple[str, str]]:
    """(where, what is wrong) pairs, in words for the organiser; empty when it can be sold from."""
    return list(_faults(configuration))


def _faults(configuration: EventConfiguration) -> Iterator[tuple[str, str]]:
    if not 1 <= len(configuration.pools) <= POOLS_MAX:
        yield "pools", f"there must be 1 to {POOLS_MAX} pools"
    if not 1 <= len(configuration.ticket_types) <= TICKET_TYPES_MAX:
        yield "ticket_types", f"there must be 1 to {TICKET_TYPES_MAX} ticket types"
    if not 1 <= configuration.hold_seconds <= HOLD_SECONDS_MAX:
        yield "hold_seconds", f"must be 1 to {HOLD_SECONDS_MAX}"
    if not 0 <= configuration.starts_at_ms <= INSTANT_MAX_MS:
        yield "starts_at", "must lie between the years 1970 and 9999"
    for pool in configuration.pools:
        if not 0 <= pool.capacity <= CAPACITY_MAX:
            yield f"pools.{pool.id}.capacity", f"must be 0 to {CAPACITY_MAX}"
    for twice in _repeated(pool.id for pool in configuration.pools):
        yield f"pools.{twice}", "the id stands twice"
    for twice in _repeated(each.id for each in configuration.ticket_types):
        yield f"ticket_types.{twice}", "the id stands twice"
    known = {pool.id for pool in configuration.pools}
    for each in configuration.ticket_types:
        yield from _type_faults(each, known)


def _type_faults(each: TicketType, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    where = f"ticket_types.{each.id}"
    unknown = [pool for pool in each.pools if pool not in known]
    if not each.pools or unknown or _repeated(each.pools):
        yield f"{where}.pools", "must name one or more of the pools, each once"
    if not each.name.isprintable():
        yield f"{where}.name", "must be one line of printable text"
    if each.price.amount_minor > MAX_AMOUNT_MINOR:
        yield f"{where}.price", f"must be at most {MAX_AMOUNT_MINOR}"
    if not 1 <= each.min_per_order <= each.max_per_order:
        yield f"{where}.min_per_order", "must be 1 or more, and at most max_per_order"
    if each.max_per_customer < each.min_per_order:
        yield f"{where}.max_per_customer", "must be at least min_per_order"
    start, until = each.on_sale_from_ms, each.on_sale_until_ms
    for name, bound in (("on_sale_from", start), ("on_sale_until", until)):
        if bound is not None and not 0 <= bound <= INSTANT_MAX_MS:
            yield f"{where}.{name}", "must lie between the years 1970 and 9999"
    if start is not None and until is not None and start >= until:
        yield f"{where}.on_sale_until", "must be later than on_sale_from"


def _repeated(ids: Iterable[str]) -> list[str]:
    return [each for each, count in Counter(ids).items() if count > 1]
