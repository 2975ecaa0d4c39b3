"""The HTTP edge. Bodies are declared beside their routes; every error is a problem document."""

from app.api.application import Exposure, build_application, write_public_document

__all__ = ["Exposure", "build_application", "write_public_document"]
