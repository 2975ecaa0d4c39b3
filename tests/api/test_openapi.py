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


async def test_what_the_edge_may_answer_is_told_of_each_operation(api: Api) -> None:
    """Bodies have a largest size, and every call to /v1/ counts for its address."""
    document = (await api.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            where, answers = f"{verb} {path}", operation["responses"]
            codes = {
                code
                for answer in answers.values()
                for content in answer.get("content", {}).values()
                for code in content.get("examples", {})
            }
            assert ("body-too-large" in codes) is ("requestBody" in operation), where
            assert ("rate-limited" in codes) is path.startswith("/v1/"), where
            assert "requestBody" not in operation or {"malformed", "invalid"} <= codes, where
    place = document["paths"]["/v1/events/{event_id}/orders"]["post"]
    assert set(place["responses"]["400"]["content"]["application/problem+json"]["examples"]) == {
        "malformed",
        "idempotency-key-missing",
    }


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
