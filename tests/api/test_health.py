"""What the api says of the house, and how it stands when a part of it is away."""

from pathlib import Path

import httpx2

from settings import Settings
from tests.api.conftest import BEARER, Served, served
from tests.api.problem_documents import problem
from tests.ports import free_port


async def test_all_is_well(api: Served) -> None:
    answer = await api.http.get("/health")
    assert answer.status_code == 200
    told = {check["name"]: check["detail"] for check in answer.json()["checks"]}
    assert set(told) == {"Temporal", "Worker", "Model", "Sandbox", "Channels"}
    assert "signed bridges" in told["Channels"]


async def test_strangers_hear_little(api: Served) -> None:
    assert httpx2.get(f"{api.url}/health").json() == {"status": "ok", "checks": []}


def test_the_api_is_up_while_temporal_is_away(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        tars_home=tmp_path,
        temporal_address=f"127.0.0.1:{free_port()}",
        api_port=free_port(),
        api_token=BEARER["Authorization"].removeprefix("Bearer "),
    )
    url = f"http://127.0.0.1:{settings.api_port}"
    with served(settings), httpx2.Client(base_url=url, headers=BEARER) as http:
        answer = http.get("/health")
        assert answer.status_code == 503
        told = {check["name"]: check for check in answer.json()["checks"]}
        assert not told["Temporal"]["ok"]
        assert "TEMPORAL_ADDRESS" in told["Temporal"]["detail"]
        for path in ("/tasks", "/tasks/latest", "/tasks/latest/events", "/confirmations"):
            problem(http.get(path), 503, "urn:tars:temporal-unreachable")
        problem(http.post("/tasks", json={"goal": "x"}), 503, "urn:tars:temporal-unreachable")


async def test_without_a_worker_nothing_is_started(api: Served, tmp_path: Path) -> None:
    settings = api.house.settings.model_copy(
        update={"task_queue": "nobody-here", "api_port": free_port()}
    )
    url = f"http://127.0.0.1:{settings.api_port}"
    with served(settings):
        async with httpx2.AsyncClient(base_url=url, headers=BEARER, timeout=30) as http:
            assert (await http.get("/health")).json()["status"] == "degraded"
            problem(await http.post("/tasks", json={"goal": "x"}), 503, "urn:tars:no-worker")
