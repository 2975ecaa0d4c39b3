"""Every metric of the service, with kind, unit and meaning. A name used elsewhere is not a metric.

With `PROMETHEUS_MULTIPROC_DIR` set (the supervisor sets it), `render()` answers for all processes.
"""

import os

from prometheus_client import REGISTRY as PROCESS_REGISTRY
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

JOB_STEPS = Counter("taquilla_job_steps_total", "Steps that ended well.", ["job", "progress"])
JOB_FAILURES = Counter("taquilla_job_failures_total", "Steps that raised.", ["job"])
HTTP_SECONDS = Histogram(
    "taquilla_http_request_seconds", "Time to answer.", ["operation", "status"]
)
ORDERS = Counter("taquilla_orders_total", "Answers to placing an order, by outcome.", ["outcome"])
REDIS_SECONDS = Histogram("taquilla_redis_command_seconds", "Time of a Lua command.", ["command"])
RELAYED_FACTS = Counter("taquilla_relayed_facts_total", "Facts that the bus acknowledged.")
RELAY_LAG_FACTS = Gauge(
    "taquilla_relay_lag_facts",
    "Facts in the outboxes that the bus has not acknowledged.",
    ["partition"],
    multiprocess_mode="livemostrecent",
)
STOPPED_PARTITIONS = Gauge(
    "taquilla_stopped_partitions",
    "Partitions whose facts the relay cannot put onto the bus; each needs a person.",
    multiprocess_mode="livemostrecent",
)
PROJECTED_FACTS = Counter("taquilla_projected_facts_total", "Facts applied to the ledger.")
REPEATED_FACTS = Counter("taquilla_repeated_facts_total", "Facts that were delivered again.")
STOPPED_SHARDS = Gauge(
    "taquilla_stopped_shards",
    "Shards of the bus whose facts contradict the archive; each needs a person.",
    multiprocess_mode="livemostrecent",
)
BUS_REFUSALS = Counter(
    "taquilla_bus_refusals_total",
    "Records, or calls, that Kinesis refused for now: throttles above all.",
    ["operation"],
)
BUS_BEHIND_MILLISECONDS = Gauge(
    "taquilla_bus_behind_milliseconds",
    "How old what was last fetched of a shard is, against its newest record (Kinesis).",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
EXPIRED_HOLDS = Counter("taquilla_expired_holds_total", "Holds that time ended.")
PROVIDER_CALLS = Counter(
    "taquilla_provider_calls_total",
    "Calls of payment providers, by how they ended: answered, not_done, in_doubt.",
    ["method", "call", "ended"],
)
PAYMENTS = Counter("taquilla_payments_total", "Payments, by how they ended.", ["method", "outcome"])
FROZEN_PAYMENTS = Counter(
    "taquilla_frozen_payments_total",
    "Looks at payments that only a person can bring to an end.",
    ["method"],
)
STRANDED_PAYMENTS = Gauge(
    "taquilla_stranded_payments",
    "Open payments of accounts that cannot be used; each needs its method back.",
    multiprocess_mode="livemostrecent",
)
NOTICES = Counter(
    "taquilla_payment_notices_total",
    "Notices of providers: new, refused, conflicting (one key, other words), unmatched.",
    ["method", "fate"],
)
GRANTS = Counter(
    "taquilla_grants_total",
    "Grants of settlements by issuer: settled, refused.",
    ["issuer", "fate"],
)
TOGGLE_RELOADS = Counter("taquilla_toggle_reloads_total", "Reads of the toggles.", ["outcome"])

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render() -> bytes:
    """The exposition text of this process, or of all of them under one supervisor."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(PROCESS_REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
