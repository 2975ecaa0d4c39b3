"""The OpenAPI document: frontends are generated from it."""

from tests.api.conftest import Api


async def test_every_operation_is_named_summed_up_and_tells_its_errors(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()
    ids = []
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            where = f"{verb} {path}"
            ids.append(operation["operationId"])
            assert operation["summary"], where
            assert "500" in operation["responses"], where
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    problem = response["content"]["application/problem+json"]
                    assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}, where
                    assert problem["examples"], where
    assert len(ids) == len(set(ids))
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_the_documentation_needs_no_internet(api: Api) -> None:
    page = await api.client.get("/docs")
    assert page.status_code == 200
    assert "https://" not in page.text
    for part in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/static-offline-docs/{part}" in page.text
        assert (await api.client.get(f"/static-offline-docs/{part}")).status_code == 200


async def test_health_and_metrics_answer(api: Api) -> None:
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
    assert (await api.client.get("/readyz")).json() == {"status": "ready"}
    metrics = await api.client.get("/metrics")
    assert "taquilla_http_request_seconds_count" in metrics.text
