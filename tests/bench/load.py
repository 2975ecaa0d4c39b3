"""The crowd, in a process of its own: `python -m tests.bench.load`, told by arguments, answers with
one line of JSON.

A closed loop: each of its connections sends the next order as soon as the last one is answered, so
the latency that it sees is that of a full queue. It does as little as it can: the point is that it
is never what is waited for, and it says how much processor time it took.
"""

import argparse
import asyncio
import json
import re
import resource
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

import uvloop

_ORDER = re.compile(rb'"id":"([^"]+)"')
_TOKEN = re.compile(rb'"token":"([^"]+)"')
_PAYMENT = b'{"method":"sandbox"}'
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER_SECONDS_MAX = 30.0
EVENT = "bench"


@dataclass(frozen=True, slots=True)
class Burst:
    """What to send: `orders` at most, for `seconds` at most. Buyers are numbered from
    `first_buyer`, so that no two bursts at the same seller share one. `pays`: each order is paid
    at once with the sandbox, and both calls together are what is timed."""

    port: int
    orders: int
    seconds: float
    connections: int
    first_buyer: int
    pays: bool = False


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of it. `answers`: HTTP status, or "broken", to how many."""

    answers: dict[str, int]
    seconds: float
    processor_seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def placed(self) -> int:
        return self.answers.get("201", 0)

    @property
    def errors(self) -> dict[str, int]:
        return {answer: count for answer, count in self.answers.items() if answer != "201"}


class _Run:
    def __init__(self, burst: Burst) -> None:
        self.burst = burst
        self.answers: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.deadline = time.perf_counter() + burst.seconds
        self.sent = 0

    def next_request(self) -> bytes | None:
        if self.sent >= self.burst.orders or time.perf_counter() > self.deadline:
            return None
        buyer = self.burst.first_buyer + self.sent
        self.sent += 1
        body = (
            f'{{"customer":{{"email":"buyer{buyer}@example.com"}},'
            '"lines":[{"ticket_type":"adult","quantity":1}]}'
        )
        return (
            f"POST /v1/events/{EVENT}/orders HTTP/1.1\r\nHost: localhost\r\n"
            f"Idempotency-Key: key-of-buyer-{buyer:012d}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def _payment_request(body: bytes, buyer: bytes) -> bytes | None:
    """For the order that was just answered; None: it is none."""
    order, token = _ORDER.search(body), _TOKEN.search(body)
    if order is None or token is None:
        return None
    return b"".join(
        (
            b"POST /v1/orders/%s/payments HTTP/1.1\r\nHost: localhost\r\n" % order[1],
            b"Order-Token: %s\r\nIdempotency-Key: pay-%s\r\n" % (token[1], buyer),
            b"Content-Type: application/json\r\n",
            b"Content-Length: %d\r\n\r\n%s" % (len(_PAYMENT), _PAYMENT),
        )
    )


class _Buyer(asyncio.Protocol):
    def __init__(self, run: _Run, done: asyncio.Future[None]) -> None:
        self._run = run
        self._done = done
        self._buffer = b""
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # as uvloop's are, but for the name
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_ends = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, head_ends) if head_ends > 0 else None
        if length is None or len(self._buffer) < head_ends + 4 + int(length[1]):
            return
        status, body = self._buffer[9:12].decode(), self._buffer[head_ends:]
        self._buffer = b""
        if self._run.burst.pays and status == "201":
            if not self._is_paying:
                self._pay(body)
                return
            if b'"status":"succeeded"' not in body:
                status = "201, and not paid"
        self._run.latencies.append(time.perf_counter() - self._asked_at)
        self._run.answers[status] += 1
        self._ask()

    def _pay(self, body: bytes) -> None:
        request = _payment_request(body, b"%016d" % self._run.sent)
        if request is None:
            self.connection_lost(None)
            return
        self._is_paying = True
        self._transport.write(request)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._done.done():
            self._run.answers["broken"] += 1
            self._done.set_result(None)

    def _ask(self) -> None:
        self._is_paying = False
        request = self._run.next_request()
        if request is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._asked_at = time.perf_counter()
        self._transport.write(request)


async def send(burst: Burst) -> Crowd:
    loop = asyncio.get_running_loop()
    run = _Run(burst)
    used = _used_seconds()
    started = time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(burst.connections)]
    async with asyncio.timeout(burst.seconds + ANSWER_SECONDS_MAX):
        for end in ends:
            await loop.create_connection(partial(_Buyer, run, end), "127.0.0.1", burst.port)
        await asyncio.gather(*ends)
    seconds = time.perf_counter() - started
    ordered = sorted(run.latencies) or [0.0]
    p50, p95, p99 = (ordered[int(len(ordered) * each)] * 1000 for each in (0.5, 0.95, 0.99))
    return Crowd(dict(run.answers), seconds, _used_seconds() - used, p50, p95, p99)


def _used_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("burst", type=json.loads)
    print(json.dumps(asdict(uvloop.run(send(Burst(**parser.parse_args().burst))))))


if __name__ == "__main__":
    main()
