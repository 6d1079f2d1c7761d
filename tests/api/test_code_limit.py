"""Whoever gives codes too often has to wait, wherever they are taken."""

from pathlib import Path

import httpx2
import pytest
from fastapi import HTTPException

from api.code_limit import CodeLimit
from settings import Settings
from tests.api.conftest import BEARER, SECRET, TOKEN, served
from tests.api.problem_documents import problem
from tests.ports import free_port

PATHS = ("/tasks/task-abcd/confirmation", "/webhook/background-confirmation")


def test_codes_are_counted_before_temporal_is_asked(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        tars_home=tmp_path,
        temporal_address=f"127.0.0.1:{free_port()}",
        api_port=free_port(),
        api_token=TOKEN,
        api_codes_per_minute=4,
        confirmation_webhook_secret=SECRET,
    )
    url, code = f"http://127.0.0.1:{settings.api_port}", {"code": "6283"}
    with served(settings), httpx2.Client(base_url=url) as http:
        for _ in range(10):  # strangers use up nothing
            problem(http.post(PATHS[1], json=code), 401)
        for number in range(4):
            path = PATHS[number % 2]
            problem(
                http.post(path, json=code, headers=BEARER), 503, "urn:tars:temporal-unreachable"
            )
        for path in PATHS:
            refused = http.post(path, json=code, headers=BEARER)
            problem(refused, 429)
            assert 0 < int(refused.headers["retry-after"]) <= 60
        assert http.get("/confirmations", headers=BEARER).status_code == 503  # takes no code


def test_callers_are_counted_by_themselves() -> None:
    limit = CodeLimit(per_minute=2)
    for caller in ("ada", "ada", "grace", "grace"):
        limit.count(caller)
    with pytest.raises(HTTPException) as refused:
        limit.count("ada")
    assert refused.value.status_code == 429
