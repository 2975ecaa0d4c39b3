"""Serves the page at `/` and the files that it is made of, from memory.

The page asks for its files under `/shop/<version>/`, where the version is a digest of them all. So
a browser may keep them for ever and never mixes those of two versions, and the page itself, two
kilobytes, is asked about each time. While a new version is rolled out, a version that is not ours
gets what we have, not to be kept.
"""

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

STATIC = Path(__file__).parent / "static"
PAGE = "index.html"
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
VERSION_CHARACTERS = 16

ASK_EACH_TIME = "no-cache"
KEEP_FOR_EVER = "public, max-age=31536000, immutable"
NEVER_KEEP = "no-store"

SECURITY_HEADERS: Mapping[str, str] = {
    # Only what comes from this host, nothing inline; and no text ever becomes markup or script,
    # whatever an event is called (`require-trusted-types-for`).
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # An address of an order opens it: it is nobody else's business.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, plain and packed."""

    media_type: str
    content: bytes
    packed: bytes
    digest: str

    @classmethod
    def of(cls, suffix: str, content: bytes) -> "StaticFile":
        packed = gzip.compress(content, mtime=0)
        return cls(MEDIA_TYPES[suffix], content, packed, sha256(content).hexdigest()[:32])


def build_shop() -> APIRouter:
    """Reads every file once; a file of a kind that has no media type here is a KeyError."""
    sources = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir())}
    version = _version(sources)
    page = StaticFile.of(".html", _page(sources.pop(PAGE).decode(), sources, version).encode())
    files = {name: StaticFile.of(Path(name).suffix, text) for name, text in sources.items()}
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def read_page(request: Request) -> Response:
        return _answer(request, page, ASK_EACH_TIME)

    @router.api_route("/shop/{asked_version}/{name}", methods=["GET", "HEAD"])
    async def read_file(asked_version: str, name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404)
        keeping = KEEP_FOR_EVER if asked_version == version else NEVER_KEEP
        return _answer(request, files[name], keeping)

    return router


def _page(template: str, names: Iterable[str], version: str) -> str:
    """Every module is named, or a phone would learn of them one import at a time."""
    preloads = [
        f'<link rel="modulepreload" href="/shop/{version}/{name}">'
        for name in names
        if name.endswith(".js")
    ]
    return template.replace("{preloads}", "\n".join(preloads)).replace("{version}", version)


def _version(sources: Mapping[str, bytes]) -> str:
    digest = sha256()
    for name, content in sources.items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:VERSION_CHARACTERS]


def _answer(request: Request, file: StaticFile, keeping: str) -> Response:
    is_packed = _accepts_gzip(request.headers.get("Accept-Encoding", ""))
    tag = f'"{file.digest}{"-gzip" if is_packed else ""}"'
    headers = {
        **SECURITY_HEADERS,
        "ETag": tag,
        "Cache-Control": keeping,
        "Vary": "Accept-Encoding",
    }
    if _is_known(request.headers.get("If-None-Match", ""), tag):
        return Response(status_code=304, headers=headers)
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(
        file.packed if is_packed else file.content, headers=headers, media_type=file.media_type
    )


def _accepts_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        coding, _, quality = each.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return quality.strip("0.") != "" or quality == ""
    return False


def _is_known(asked: str, tag: str) -> bool:
    """`If-None-Match` compares weakly (RFC 9110, 13.1.2)."""
    tags = {each.strip().removeprefix("W/") for each in asked.split(",")}
    return tag in tags or "*" in tags
