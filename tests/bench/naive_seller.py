"""The seller to compare with: what a competent developer writes first, and nothing more.

FastAPI, pydantic, redis-py. It never oversells, and it keeps the limit of a customer. It has no
idempotency (an answer that is lost on the way sells twice), no sale window, no holds, no facts for
anybody else to read, and a crash between two of its commands loses a unit.

    BENCH_REDIS_URL=... uvicorn tests.bench.naive_seller:app
"""

import os
import time
from typing import Annotated
from uuid import uuid4

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, EmailStr, Field
from redis.asyncio import Redis

MAX_PER_CUSTOMER = 10

app = FastAPI()
redis = Redis.from_url(os.environ["BENCH_REDIS_URL"], decode_responses=True)


class Customer(BaseModel):
    email: EmailStr
    name: str | None = None


class Line(BaseModel):
    ticket_type: str
    quantity: Annotated[int, Field(ge=1, le=10)]


class NewOrder(BaseModel):
    customer: Customer
    lines: Annotated[list[Line], Field(min_length=1, max_length=1)]


class Order(BaseModel):
    id: str
    event_id: str
    email: str
    ticket_type: str
    quantity: int
    created_at: float


@app.post("/v1/events/{event_id}/orders", status_code=201)
async def place_order(event_id: str, new: NewOrder) -> Order:
    line, email = new.lines[0], new.customer.email
    stock, customers = f"stock:{event_id}:{line.ticket_type}", f"customers:{event_id}"
    if await redis.decrby(stock, line.quantity) < 0:
        await redis.incrby(stock, line.quantity)
        raise HTTPException(409, "sold out")
    if await redis.hincrby(customers, email, line.quantity) > MAX_PER_CUSTOMER:
        await redis.hincrby(customers, email, -line.quantity)
        await redis.incrby(stock, line.quantity)
        raise HTTPException(409, "limit exceeded")
    order = Order(
        id=uuid4().hex,
        event_id=event_id,
        email=email,
        ticket_type=line.ticket_type,
        quantity=line.quantity,
        created_at=time.time(),
    )
    await redis.hset(f"order:{order.id}", mapping=dict(order))
    return order
