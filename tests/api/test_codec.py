"""The codec endpoint over real HTTP: what it decrypts, and for whom."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
import uvicorn
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload, Payloads

from api.__main__ import AddressTaken, listening, server
from api.app import create_app
from api.body_limit import MAX_CODEC_BYTES
from api.origins import guard
from api.parts import make_parts
from encryption import KEY_FILE
from settings import ROOT, Settings, SettingsProblem

TOKEN = "a-long-token-of-the-api"
ANY = "0.0.0.0"  # noqa: S104 - callers from elsewhere are what is tested
UI = "http://127.0.0.1:8233"
CLEAR = Payload(metadata={"encoding": b"json/plain"}, data=b'"build a calculator"')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def settings_at(home: Path, **more: Any) -> Settings:
    given = {"tars_home": home, "api_port": free_port(), **more}
    return Settings(_env_file=None, **given)


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[httpx2.Client]:
    app = create_app(make_parts(settings))
    with listening(settings) as sock:
        running: uvicorn.Server = server(app)
        thread = threading.Thread(target=running.run, args=([sock],))
        thread.start()
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{settings.api_port}/codec") as client:
                yield client
        finally:
            running.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    return settings_at(home, api_token=TOKEN, api_host=ANY, web_ui_url="https://ui.example/x")


@pytest.fixture(scope="module")
def api(settings: Settings) -> Iterator[httpx2.Client]:
    with served(settings) as client:
        yield client


def as_json(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


def test_what_is_encoded_can_be_decoded(api: httpx2.Client) -> None:
    encoded = api.post("/encode", json=as_json(CLEAR, CLEAR))
    assert encoded.status_code == 200
    assert encoded.headers["content-type"] == "application/json"
    assert b64encode(CLEAR.data).decode() not in encoded.text
    decoded = api.post("/decode", content=encoded.content)
    assert decoded.json() == as_json(CLEAR, CLEAR)


def test_what_is_in_clear_comes_back_as_it_is(api: httpx2.Client) -> None:
    assert api.post("/decode", json=as_json(CLEAR)).json() == as_json(CLEAR)
    assert api.post("/decode", json={}).json() == {}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": UI}, 200),
        ({"Origin": "http://localhost:8233"}, 200),
        ({"Origin": "https://ui.example"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example:8233"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "https://127.0.0.1:8233"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": "localhost:{port}"}, 200),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Host": "127.0.0.1:{port}.evil.example"}, 403),
        ({"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"Forwarded": "for=127.0.0.1"}, 401),
        ({"Via": "1.1 proxy"}, 401),
        ({"X-Forwarded-For": "9.9.9.9", "Authorization": f"Bearer {TOKEN}"}, 200),
        ({"X-Forwarded-For": "9.9.9.9", "Authorization": f"bearer {TOKEN}"}, 200),
        ({"X-Forwarded-For": "9.9.9.9", "Authorization": f"Basic {TOKEN}"}, 401),
        ({"X-Forwarded-For": "9.9.9.9", "Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"X-Forwarded-For": "9.9.9.9", "Authorization": "Bearer x"}, 401),
    ],
)
def test_who_may_call(
    api: httpx2.Client, settings: Settings, headers: dict[str, str], status: int
) -> None:
    given = {name: value.format(port=settings.api_port) for name, value in headers.items()}
    answer = api.post("/decode", json=as_json(CLEAR), headers=given)
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")
        assert b64encode(CLEAR.data).decode() not in answer.text
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_page_of_the_web_ui_may_ask_and_read(api: httpx2.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "content-type,x-namespace"
    preflight = api.options("/decode", headers={"Origin": UI, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == UI
    answer = api.post("/decode", json=as_json(CLEAR), headers={"Origin": UI})
    assert answer.headers["access-control-allow-origin"] == UI
    assert "access-control-allow-credentials" not in answer.headers


def test_other_pages_may_not_even_ask(api: httpx2.Client) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = api.options("/decode", headers=asked)
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers
    answer = api.post("/decode", json=as_json(CLEAR), headers={"Origin": asked["Origin"]})
    assert "access-control-allow-origin" not in answer.headers


def other_address() -> str:
    """An address of this machine that is not loopback, "" where there is none."""
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == socket.AF_INET and not one.address.startswith("127."):
                return one.address
    return ""


@pytest.mark.skipif(not other_address(), reason="this machine has no address but loopback")
def test_callers_from_elsewhere_need_the_token(api: httpx2.Client, settings: Settings) -> None:
    address = f"http://{other_address()}:{settings.api_port}/codec/decode"
    body, loopback = as_json(CLEAR), {"Host": f"127.0.0.1:{settings.api_port}"}
    assert httpx2.post(address, json=body).status_code == 401
    assert httpx2.post(address, json=body, headers=loopback).status_code == 401
    with_token = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx2.post(address, json=body, headers=with_token).status_code == 200


@pytest.mark.parametrize("body", ["", "words", '{"payloads": 1}', b"\xff\xfe", '{"payloads'])
def test_nonsense_is_refused(api: httpx2.Client, body: bytes | str) -> None:
    answer = api.post("/decode", content=body)
    assert answer.status_code == 400
    assert "Payloads" in answer.json()["detail"]


def test_too_much_is_refused(api: httpx2.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_CODEC_BYTES // 1_000_000 + 1):
            yield b"x" * 1_000_000

    assert api.post("/decode", content=endless()).status_code == 413


def test_an_unknown_key_is_told(api: httpx2.Client, settings: Settings, tmp_path: Path) -> None:
    with served(settings_at(tmp_path)) as other:
        foreign = other.post("/encode", json=as_json(CLEAR)).content
    answer = api.post("/decode", content=foreign, headers={"Origin": UI})
    assert answer.status_code == 422
    assert f"add it to {KEY_FILE} in TARS_HOME" in answer.json()["detail"]
    assert answer.headers["access-control-allow-origin"] == UI


def test_answers_do_not_wait_for_more_words(tmp_path: Path) -> None:
    """asyncio turns Nagle's wait off where the protocol is named, and only there."""
    with listening(settings_at(tmp_path)) as sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_an_open_door_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match=r"API_HOST=0\.0\.0\.0 .* set API_TOKEN"):
        guard(settings_at(tmp_path, api_host=ANY))


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    told = pytest.raises(AddressTaken, match=rf":{settings.api_port} .*set API_PORT")
    with listening(settings), told:
        listening(settings)


def run_api(home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    given = {"TARS_HOME": str(home), "TARS_ENV_FILE": os.devnull, **environment}
    command = [sys.executable, "-P", "-m", "api"]
    return subprocess.run(
        command,
        cwd=home,
        env={"PYTHONPATH": str(ROOT), **given},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_process_says_why_it_cannot_work(tmp_path: Path) -> None:
    ended = run_api(tmp_path, PAYLOAD_KEY="hunter2")
    assert ended.returncode == 2
    assert ended.stderr.startswith("Key 1 of ")
    assert "hunter2" not in ended.stderr
    ended = run_api(tmp_path, API_PORT="0")
    assert ended.returncode == 2
    assert ended.stderr.startswith("API_PORT cannot be used")


def test_the_process_ends_when_told(tmp_path: Path) -> None:
    ready, port = tmp_path / "ready", free_port()
    environment = {"TARS_HOME": str(tmp_path), "API_PORT": str(port), "TARS_ENV_FILE": os.devnull}
    command = [sys.executable, "-P", "-m", "api", "--ready-file", str(ready)]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT), **environment}) as process:
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        url = f"http://localhost:{port}/codec/decode"
        assert httpx2.post(url, content=json.dumps(as_json(CLEAR))).status_code == 200
        process.terminate()
        assert process.wait(10) in {0, -15}
