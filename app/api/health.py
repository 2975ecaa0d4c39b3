"""Liveness, readiness with reasons, metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.api.dependencies import ServicesDep
from app.api.problems import describe_problems, problem
from app.runtime.metrics import CONTENT_TYPE, render

router = APIRouter(tags=["health"])
metrics_router = APIRouter(include_in_schema=False)


class HealthAnswer(BaseModel):
    status: str


@router.get(
    "/healthz",
    operation_id="readHealth",
    summary="Is the process alive",
    responses=describe_problems(),
)
async def read_health() -> HealthAnswer:
    return HealthAnswer(status="ok")


@router.get(
    "/readyz",
    operation_id="readReadiness",
    summary="Can this process sell",
    response_model=HealthAnswer,
    responses=describe_problems("unavailable"),
)
async def read_readiness(services: ServicesDep) -> HealthAnswer | JSONResponse:
    """503 with the reasons while it may not, or while it does not know what it may sell."""
    reasons = [*services.readiness.reasons]
    if silence := services.toggles.why_silent():
        reasons.append(silence)
    if reasons:
        return problem("unavailable", "This process may not sell now.", reasons=reasons)
    return HealthAnswer(status="ready")


@metrics_router.get("/metrics")
async def read_metrics() -> Response:
    return Response(render(), media_type=CONTENT_TYPE)
