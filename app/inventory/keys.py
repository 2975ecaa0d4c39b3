"""Every key name of the write side, and nowhere else; Lua is handed keys, it never builds one.

All keys of a partition share the hash tag `{pNN}`, so one script may touch any of them on a
Redis Cluster.
"""

from dataclasses import dataclass

from app.domain.ids import EventId, OrderAddress, OrderId, Partition, partition_of


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    partition: Partition

    @property
    def tag(self) -> str:
        return f"{{p{self.partition:02d}}}"

    @property
    def head(self) -> str:
        """Hash: epoch, seq, relayed_epoch, relayed_seq."""
        return f"{self.tag}:head"

    @property
    def outbox(self) -> str:
        """Stream of facts; the entry id is `epoch-seq`."""
        return f"{self.tag}:outbox"

    @property
    def lease(self) -> str:
        """Hash: owner, token, until."""
        return f"{self.tag}:lease"

    @property
    def events(self) -> str:
        """Set of opened event ids."""
        return f"{self.tag}:events"

    @property
    def due_events(self) -> str:
        """Sorted set of event ids by their earliest deadline."""
        return f"{self.tag}:due"

    @property
    def paying(self) -> str:
        """Sorted set of the order ids of all events that are being paid, by their next look-up."""
        return f"{self.tag}:paying"

    def order(self, order_id: OrderId) -> str:
        """Hash: one order; the flat fields of `order_fields`."""
        return f"{self.tag}:order:{order_id}"


@dataclass(frozen=True, slots=True)
class EventKeys:
    partition: PartitionKeys
    event_id: EventId

    @property
    def event(self) -> str:
        """Hash: configuration and counters; the flat fields of `event_fields`."""
        return f"{self.partition.tag}:event:{self.event_id}"

    @property
    def customers(self) -> str:
        """Hash: `customer_ref|ticket type` to the quantity in live orders."""
        return f"{self.partition.tag}:customers:{self.event_id}"

    @property
    def holders(self) -> str:
        """Hash: `customer|customer_ref` and `address|address_ref` to the live holds of each."""
        return f"{self.partition.tag}:holders:{self.event_id}"

    @property
    def due_orders(self) -> str:
        """Sorted set of held order ids by deadline."""
        return f"{self.partition.tag}:due:{self.event_id}"


def keys_of_order(address: OrderAddress) -> EventKeys:
    """Those of its event; its own is `keys.partition.order(address.order_id)`."""
    return EventKeys(PartitionKeys(address.partition), address.event_id)


def keys_of_event(event_id: EventId, partitions: int) -> EventKeys:
    return EventKeys(PartitionKeys(partition_of(event_id, partitions)), event_id)
