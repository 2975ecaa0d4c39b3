"""What was measured, as people read it: the machine, a table, ratios or why there are none."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from app.runtime.embedded_redis import RedisEngine

CEILING, NAIVE, OURS = "script alone", "naive seller", "ours"
_Columns = Sequence[tuple[str, str, str]]
BUSY_SHARE = 0.15
"""Of the machine: what others may use of it before the throughputs are said to be doubtful."""
COLUMNS = (
    ("orders/s", "orders_per_second", ",.0f"),
    ("p50 ms", "p50_ms", ".1f"),
    ("p95 ms", "p95_ms", ".1f"),
    ("p99 ms", "p99_ms", ".1f"),
    ("API µs/order", "api_us", ",.0f"),
    ("Redis µs/order", "redis_us", ",.0f"),
    ("facts/s", "facts_per_second", ",.0f"),
    ("crowd's core", "crowd_share", ".0%"),
)
PAID_COLUMNS = (
    ("checkouts/s", "orders_per_second", ",.0f"),
    *COLUMNS[1:4],
    ("API µs", "api_us", ",.0f"),
    ("worker µs", "worker_us", ",.0f"),
    ("PostgreSQL µs", "database_us", ",.0f"),
    ("Redis µs", "redis_us", ",.0f"),
    COLUMNS[-1],
)
"""Processor time is per checkout."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender in one round; None is what it has not. `faults` in words."""

    name: str
    orders_per_second: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    api_us: float | None = None
    redis_us: float | None = None
    worker_us: float | None = None
    database_us: float | None = None
    crowd_share: float | None = None
    facts_per_second: float | None = None
    faults: Sequence[str] = field(default_factory=list)


def describe(
    measured: Sequence[Measured],
    engine: RedisEngine,
    plan: Mapping[str, float],
    others: float,
    columns: _Columns = COLUMNS,
) -> tuple[str, bool]:
    """The text, and whether everything went well."""
    names = list(dict.fromkeys(each.name for each in measured))
    rows = {
        name: _medians([each for each in measured if each.name == name], columns) for name in names
    }
    faults = [f"{each.name}: {fault}" for each in measured for fault in each.faults]
    return "\n".join(
        [
            _machine(engine),
            _plan(plan),
            "",
            *_table(rows, columns),
            "",
            *(_refusal(faults) if faults else _ratios(rows, columns)),
            *_neighbours(others),
        ]
    ), not faults


def _machine(engine: RedisEngine) -> str:
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{engine.name} {'.'.join(map(str, engine.version))} (appendfsync always, unix socket)"
    )


def _plan(plan: Mapping[str, float]) -> str:
    return (
        f"{plan['rounds']} rounds, each at most {plan['orders']} orders or {plan['seconds']:g} s "
        f"over {plan['connections']} connections, the next order as soon as one is answered; "
        "medians"
    )


def _medians(rounds: Sequence[Measured], columns: _Columns) -> dict[str, float | None]:
    return {attribute: _median(rounds, attribute) for _, attribute, _ in columns}


def _median(rounds: Sequence[Measured], attribute: str) -> float | None:
    values = [getattr(each, attribute) for each in rounds]
    return None if None in values else float(median(values))


def _table(rows: Mapping[str, Mapping[str, float | None]], columns: _Columns) -> list[str]:
    width = max(map(len, rows))
    lines = [" " * width + "".join(f"{title:>16}" for title, _, _ in columns)]
    for name, row in rows.items():
        cells = (
            "-" if (value := row[attribute]) is None else format(value, form)
            for _, attribute, form in columns
        )
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>16}" for cell in cells))
    return lines


def _ratios(rows: Mapping[str, Mapping[str, float | None]], columns: _Columns) -> list[str]:
    if columns is PAID_COLUMNS:
        return [_paid_ratio(name, row) for name, row in rows.items()]
    speeds = {name: row["orders_per_second"] or 0.0 for name, row in rows.items()}
    costs = {name: row["api_us"] or 0.0 for name, row in rows.items()}
    ceiling = max(speed for name, speed in speeds.items() if name.startswith(CEILING))
    (naive,) = (name for name in rows if name.startswith(NAIVE))
    return [
        f"{name}: {speeds[name] / speeds[naive]:.2f} of the naive seller's orders/s, "
        f"{costs[name] / costs[naive]:.2f} of its API time per order, "
        f"{speeds[name] / ceiling:.2f} of the ceiling; "
        f"a core given to the API alone would take {1e6 / costs[name]:,.0f} orders/s"
        for name in rows
        if name.startswith(OURS)
    ]


def _paid_ratio(name: str, row: Mapping[str, float | None]) -> str:
    """Who works how much: the shares of one checkout's processor time."""
    parts = {title.removesuffix(" µs"): row[name] or 0.0 for title, name, _ in PAID_COLUMNS[4:8]}
    whole = sum(parts.values())
    shares = ", ".join(f"{part} {used / whole:.0%}" for part, used in parts.items())
    return f"{name}: {whole:,.0f} µs of processor a checkout: {shares}"


def _refusal(faults: Sequence[str]) -> list[str]:
    return ["Nothing is compared, because something was wrong:", *(f"  {each}" for each in faults)]


def _neighbours(others: float) -> list[str]:
    line = f"Others used {max(others, 0.0):.0%} of this machine meanwhile"
    return [
        f"{line}: trust the times per order, not the orders/s."
        if others > BUSY_SHARE
        else f"{line}."
    ]
