"""The HTTP edge. Bodies are declared beside their routes; every error is a problem document."""

from app.api.application import Exposure, build_application, write_public_document
from app.api.problems import problem
from app.api.ticket_forms import parse_keys, parse_revoked

__all__ = [
    "Exposure",
    "build_application",
    "parse_keys",
    "parse_revoked",
    "problem",
    "write_public_document",
]
