"""What the problem documents of some codes carry beside the standard members."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.api.forms import EventState
from app.domain.orders import OrderStatus
from app.domain.outcomes import ClosedReason, LimitKind
from app.rollout import SELLING_FREE, halt_toggle
from app.runtime.errors import Reason

HALT_EXAMPLE = halt_toggle("sandbox").name
TicketTypeMember = Annotated[str, Field(examples=["general"])]


class ForbiddenMembers(BaseModel):
    scope: str = Field(description="What the key lacks.", examples=["orders:write"])


class SoldOutMembers(BaseModel):
    ticket_type: TicketTypeMember
    may_return: bool = Field(description="Units are on hold and may come back.", examples=[True])


class LimitMembers(BaseModel):
    kind: LimitKind = Field(examples=[LimitKind.MAX_PER_CUSTOMER])
    ticket_type: str | None = Field(
        description="Null for a limit of the whole event, as on live holds.", examples=["general"]
    )
    limit: int = Field(examples=[4])


class SaleClosedMembers(BaseModel):
    reason: ClosedReason = Field(examples=[ClosedReason.NOT_STARTED])


class CapacityMembers(BaseModel):
    minimum: int = Field(description="The least capacity that fits.", examples=[120])


class TransitionMembers(BaseModel):
    state: OrderStatus | EventState = Field(
        description="Where the order or the event stands.", examples=["cancelled"]
    )


class Fault(BaseModel):
    where: str = Field(description="A path: `body.lines.0.quantity`, `query.limit`.")
    message: str


class InvalidMembers(BaseModel):
    errors: list[Fault] = Field(
        examples=[[{"where": "body.lines.0.quantity", "message": "must be at least 1"}]]
    )


class HaltedMembers(BaseModel):
    reason: str = Field(description="The toggle that halts it.", examples=[HALT_EXAMPLE])


class UnavailableMembers(BaseModel):
    reason: str = Field(
        description="The toggle that is off, or "
        + ", ".join(f"`{reason}`" for reason in Reason)
        + ". To show or to log, not to decide by.",
        examples=[SELLING_FREE.name],
    )
