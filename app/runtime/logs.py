"""Logs: one line an entry on standard error, ours and those of the libraries alike, without
personal data.

`TAQUILLA_LOG_FORMAT` json is for machines, console for people. Nobody may log an address on
purpose; what slips in through an error's text is blotted out here.
"""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.runtime.settings import Settings

_ADDRESS = re.compile(r"[^\s@\"'<>=,;()]+@[^\s@\"'<>=,;()]+")
_CHATTY = ("alembic.runtime.migration", "apscheduler", "UnleashClient", "urllib3")
_TELLTALES = ("aiosqlite", "botocore", "aiobotocore", "httpcore", "httpx", "sqlalchemy")
"""At debug level they say the values of statements, and the headers and bodies of requests: people,
secrets of accounts, what a buyer's page has for a provider."""


def configure_logging(settings: Settings) -> None:
    """Once a process, before anything logs; may be called again."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # The plain trace: the richer ones show local variables, and with them whoever is buying.
        structlog.processors.format_exc_info,
        hide_addresses,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*_CHATTY, *_TELLTALES):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def hide_addresses(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Also hides the password in a URL, which reads like one."""
    for name, value in entry.items():
        if isinstance(value, str) and "@" in value:
            entry[name] = _ADDRESS.sub("[hidden]", value)
    return entry


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
