"""Liveness, readiness with reasons, metrics."""

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from app.api.dependencies import ServicesDep
from app.api.problems import describe_problems, problem
from app.runtime.errors import Reason
from app.runtime.metrics import CONTENT_TYPE, render

router = APIRouter(tags=["health"])
metrics_router = APIRouter(include_in_schema=False)


class HealthAnswer(BaseModel):
    status: Literal["ok"]

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})


class ReadinessAnswer(BaseModel):
    """`warnings`: what does not work, and does not keep this process from selling: a payment method
    that cannot be used, say."""

    status: Literal["ready"]
    warnings: list[str]

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ready", "warnings": []}]})


@router.get(
    "/healthz",
    operation_id="readHealth",
    summary="Is the process alive",
    responses=describe_problems(),
)
async def read_health() -> HealthAnswer:
    """Asks nobody."""
    return HealthAnswer(status="ok")


@router.get(
    "/readyz",
    operation_id="readReadiness",
    summary="Can this process sell",
    response_model=ReadinessAnswer,
    responses=describe_problems("unavailable"),
)
async def read_readiness(services: ServicesDep) -> ReadinessAnswer | JSONResponse:
    """503 while it may not, while it does not know what it may sell, or while payments are open
    whose method cannot be used; `detail` says why, for people."""
    reasons = [*services.readiness.reasons, *services.method_health.reasons]
    if silence := services.toggles.why_silent():
        reasons.append(silence)
    if reasons:
        return problem("unavailable", "; ".join(reasons), reason=Reason.NOT_READY)
    return ReadinessAnswer(status="ready", warnings=list(services.method_health.warnings))


@metrics_router.get("/metrics")
async def read_metrics() -> Response:
    return Response(render(), media_type=CONTENT_TYPE)
