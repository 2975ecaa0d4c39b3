"""The page and its files over HTTP: what may be kept, what is asked again, what is forbidden."""

import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from app.api import Exposure, build_application
from app.main import create_app
from app.runtime.settings import Settings
from app.storefront import build_shop
from tests.tidy.sources import ROOT

STATIC = ROOT / "app" / "storefront" / "static"


@asynccontextmanager
async def opens_nothing(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    exposure = Exposure(is_internal=False, has_metrics=False, cors_origins=())
    transport = httpx.ASGITransport(build_application(opens_nothing, exposure, [build_shop()]))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def addresses(client: httpx.AsyncClient) -> list[str]:
    page = (await client.get("/")).text
    return sorted(set(re.findall(r'(?:src|href)="(/[^"]*)"', page)))


async def test_the_page_names_every_file_and_each_may_be_kept_for_ever(
    client: httpx.AsyncClient,
) -> None:
    found = await addresses(client)
    names = {path.name for path in STATIC.iterdir()} - {"index.html"}
    assert {address.rpartition("/")[2] for address in found} == names
    assert len({address.rpartition("/")[0] for address in found}) == 1
    for address in found:
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.content == (STATIC / address.rpartition("/")[2]).read_bytes()


async def test_the_page_is_asked_about_each_time_and_sent_once(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    tag = page.headers["ETag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await client.get("/", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    changed = await client.get("/", headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200


async def test_a_file_goes_out_packed_to_whom_can_unpack_it(client: httpx.AsyncClient) -> None:
    tags = set()
    for accepted, is_packed in [
        ("gzip, br", True),
        ("br, gzip;q=0.5", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
    ]:
        request = client.build_request("GET", "/", headers={"Accept-Encoding": accepted})
        answer = await client.send(request, stream=True)
        sent = b"".join([part async for part in answer.aiter_raw()])
        assert ("Content-Encoding" in answer.headers) is is_packed, accepted
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert b"<main" in (gzip.decompress(sent) if is_packed else sent)
        tags.add(answer.headers["ETag"])
    assert len(tags) == 2, "the two are not the same bytes"


async def test_a_file_of_another_version_is_ours_and_not_to_be_kept(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/shop/0123456789abcdef/main.js")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


async def test_nothing_inline_nothing_from_elsewhere_and_no_address_passed_on(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=", page.text)
    assert "//" not in page.text.replace("</", "")


async def test_what_is_not_there_is_a_problem_like_any_other(client: httpx.AsyncClient) -> None:
    for address in ("/shop/0123456789abcdef/index.html", "/shop/x/..%2fpages.py", "/shop/main.js"):
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), address
    refused = await client.post("/")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert (await client.head("/")).status_code == 200


async def test_the_internal_listener_has_no_shop() -> None:
    app = create_app(Settings(env="development"), internal=True)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/")).status_code == 404


async def test_the_shop_is_no_part_of_the_api_document(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert all(path.startswith(("/v1/", "/healthz", "/readyz")) for path in paths)
