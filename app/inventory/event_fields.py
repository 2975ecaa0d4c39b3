"""An event as flat Redis fields, and back. The Lua commands use the same names.

name starts_at currency organiser_id hold_seconds status version     (times in ms, "" = none)
pools types                                                          (ids, comma separated)
pool:<id>:capacity|available|held|sold
type:<id>:name|price|pools|min_per_order|max_per_order|max_per_customer
    type:<id>:on_sale_from|on_sale_until
"""

from collections.abc import Mapping

from app.domain.events import (
    EventConfiguration,
    OpenedEvent,
    Pool,
    PoolStock,
    SellingStatus,
    TicketType,
)
from app.domain.ids import EventId, OrganiserId, PoolId, TicketTypeId
from app.runtime.errors import ContractError
from payments import Money


def flatten_configuration(configuration: EventConfiguration) -> dict[str, str]:
    fields = {
        "name": configuration.name,
        "starts_at": str(configuration.starts_at_ms),
        "currency": configuration.currency,
        "organiser_id": configuration.organiser_id,
        "hold_seconds": str(configuration.hold_seconds),
        "pools": ",".join(pool.id for pool in configuration.pools),
        "types": ",".join(each.id for each in configuration.ticket_types),
    }
    for pool in configuration.pools:
        fields[f"pool:{pool.id}:capacity"] = str(pool.capacity)
    for each in configuration.ticket_types:
        fields |= _flatten_type(each)
    return fields


def _flatten_type(each: TicketType) -> dict[str, str]:
    prefix = f"type:{each.id}:"
    return {
        f"{prefix}name": each.name,
        f"{prefix}price": str(each.price.amount_minor),
        f"{prefix}pools": ",".join(each.pools),
        f"{prefix}min_per_order": str(each.min_per_order),
        f"{prefix}max_per_order": str(each.max_per_order),
        f"{prefix}max_per_customer": str(each.max_per_customer),
        f"{prefix}on_sale_from": _optional(each.on_sale_from_ms),
        f"{prefix}on_sale_until": _optional(each.on_sale_until_ms),
    }


def parse_configuration(event_id: EventId, fields: Mapping[str, str]) -> EventConfiguration:
    """Raises ContractError for fields that no event of ours has."""
    try:
        return EventConfiguration(
            id=event_id,
            organiser_id=OrganiserId(fields["organiser_id"]),
            name=fields["name"],
            starts_at_ms=int(fields["starts_at"]),
            currency=fields["currency"],
            hold_seconds=int(fields["hold_seconds"]),
            pools=tuple(
                Pool(PoolId(each), int(fields[f"pool:{each}:capacity"]))
                for each in fields["pools"].split(",")
            ),
            ticket_types=tuple(
                _parse_type(TicketTypeId(each), fields) for each in fields["types"].split(",")
            ),
        )
    except (KeyError, ValueError) as error:
        raise ContractError(f"event {event_id} lacks or spoils a field: {error}") from error


def _parse_type(each: TicketTypeId, fields: Mapping[str, str]) -> TicketType:
    prefix = f"type:{each}:"
    return TicketType(
        id=each,
        name=fields[f"{prefix}name"],
        price=Money(int(fields[f"{prefix}price"]), fields["currency"]),
        pools=tuple(PoolId(pool) for pool in fields[f"{prefix}pools"].split(",")),
        min_per_order=int(fields[f"{prefix}min_per_order"]),
        max_per_order=int(fields[f"{prefix}max_per_order"]),
        max_per_customer=int(fields[f"{prefix}max_per_customer"]),
        on_sale_from_ms=_parse_optional(fields[f"{prefix}on_sale_from"]),
        on_sale_until_ms=_parse_optional(fields[f"{prefix}on_sale_until"]),
    )


def parse_opened_event(event_id: EventId, fields: Mapping[str, str]) -> OpenedEvent:
    """Raises ContractError for fields that no event of ours has."""
    configuration = parse_configuration(event_id, fields)
    try:
        return OpenedEvent(
            configuration=configuration,
            status=SellingStatus(fields["status"]),
            version=int(fields["version"]),
            stock={pool.id: _parse_stock(pool.id, fields) for pool in configuration.pools},
        )
    except (KeyError, ValueError) as error:
        raise ContractError(f"event {event_id} lacks or spoils a field: {error}") from error


def _parse_stock(pool: PoolId, fields: Mapping[str, str]) -> PoolStock:
    prefix = f"pool:{pool}:"
    return PoolStock(
        capacity=int(fields[f"{prefix}capacity"]),
        available=int(fields[f"{prefix}available"]),
        held=int(fields[f"{prefix}held"]),
        sold=int(fields[f"{prefix}sold"]),
    )


def _optional(value: int | None) -> str:
    return "" if value is None else str(value)


def _parse_optional(text: str) -> int | None:
    return int(text) if text else None
