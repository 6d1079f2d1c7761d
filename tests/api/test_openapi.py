"""The OpenAPI document as its readers need it: complete, and not for strangers."""

from typing import Any

import httpx2

from api.openapi import TAGS
from api.security import WITHOUT_TOKEN
from tests.api.conftest import Served
from tests.api.problem_documents import problem


async def operations(api: Served) -> list[tuple[str, str, dict[str, Any]]]:
    document = (await api.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"token": []}]
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_operation_is_described(api: Served) -> None:
    tags = {tag["name"] for tag in TAGS}
    ids = []
    for path, method, operation in await operations(api):
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= tags, path
        if method == "post" and not path.endswith(("cancel", "pause", "resume")):
            assert "requestBody" in operation, path
        ids.append(operation["operationId"])
    assert len(set(ids)) == len(ids) > 20


async def test_every_problem_is_declared_as_such(api: Served) -> None:
    for path, _, operation in await operations(api):
        for status, answer in operation["responses"].items():
            if path != "/health" and int(status) >= 400:
                assert "application/problem+json" in answer["content"] or status in {"410", "423"}
        assert ("security" in operation) == (path in WITHOUT_TOKEN)


async def test_it_is_not_for_strangers(api: Served) -> None:
    async with httpx2.AsyncClient(base_url=api.url) as stranger:
        problem(await stranger.get("/openapi.json"), 401)
        problem(await stranger.get("/docs"), 401)
    problem(await api.http.get("/docs"), 404)
