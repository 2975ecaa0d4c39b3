"""The route of an operation, for those who answer it without the router."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.routing import APIRoute


def route_of(router: APIRouter, operation: Callable[..., object]) -> APIRoute:
    """What the router would put into `scope["route"]`; the metrics ask there for the name."""
    (route,) = (
        each for each in router.routes if isinstance(each, APIRoute) and each.endpoint is operation
    )
    return route
