"""Temporal's dev server from the virtual environment: the real server on a SQLite file."""

import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from connection import TemporalUnreachable, connect
from models.contract import SearchAttribute
from settings import Settings
from starter.api_process import codec_endpoint
from starter.supervision import Child, StackProblem

UI_PORT_OFFSET = 1000
"""The Web UI's port over the server's, as in Temporal's own dev server."""

PRAGMAS = ("journal_mode=wal", "synchronous=1")
"""Four times the turns per second of the defaults, and a kill -9 loses nothing."""

DYNAMIC_CONFIG = (
    # by default each step of a workflow waits for a poll of at most 20 a second
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
    "history.visibilityProcessorMaxPollRPS=200",
    # room for hundreds of tasks at once
    "frontend.namespaceRPS=20000",
    "history.persistenceMaxQPS=20000",
    "matching.persistenceMaxQPS=20000",
)
"""Together 2.8 times faster turns than as shipped (measured with 50 turns of two activities)."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def server_address(settings: Settings) -> tuple[str, int]:
    """Host and port of TEMPORAL_ADDRESS.

    Raises:
        StackProblem: it is no address of this machine that a server could listen on.
    """
    host, _, port = settings.temporal_address.rpartition(":")
    host = host.strip("[]")
    if not port.isdecimal() or not 0 < int(port) < 65_536 - UI_PORT_OFFSET:
        raise StackProblem(
            f"TEMPORAL_ADDRESS is '{settings.temporal_address}': it must be host:port, "
            f"with a port below {65_536 - UI_PORT_OFFSET}."
        )
    if host not in _LOOPBACK:
        raise StackProblem(
            f"Temporal does not answer at {settings.temporal_address}, and only a server on this "
            "machine can be started from here: correct TEMPORAL_ADDRESS or start that server."
        )
    return ("127.0.0.1" if host == "localhost" else host), int(port)


def web_ui(host: str, port: int) -> str:
    """Address of the dev server's Web UI."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port + UI_PORT_OFFSET}"


def find_binary() -> Path:
    """The `temporal` that was installed with this Python's packages.

    Raises:
        StackProblem: it is missing.
    """
    binary = Path(sys.executable).with_name("temporal")
    if not binary.exists():
        raise StackProblem(f"{binary} is missing: delete .venv and run ./tars again.")
    return binary


def dev_server(settings: Settings) -> Child:
    """The dev server as a process to keep alive; its database is TARS_HOME/temporal.db.

    Raises:
        StackProblem: a port is taken, or the address is not one to listen on.
    """
    host, port = server_address(settings)
    for taken in (port, port + UI_PORT_OFFSET):
        if not is_free(host, taken):
            raise StackProblem(
                f"Port {taken} is taken by another program: "
                "choose another one, for instance TEMPORAL_ADDRESS=127.0.0.1:7300."
            )
    return Child(
        "temporal",
        "Temporal",
        dev_server_command(settings, host, port),
        is_ready=lambda: _is_ready(settings),
        environment={"HOME": str(settings.tars_home)},  # no secrets, no configuration of a CLI
    )


def dev_server_command(settings: Settings, host: str, port: int) -> list[str]:
    """The command line of the dev server that listens at `host`; see `deploy/temporal-server`."""
    return [
        *(str(find_binary()), "server", "start-dev", "--log-level", "warn"),
        *("--ip", host, "--port", str(port), "--ui-port", str(port + UI_PORT_OFFSET)),
        *("--namespace", settings.temporal_namespace, "--ui-disable-news-fetch"),
        *("--ui-codec-endpoint", codec_endpoint(settings)),
        *("--db-filename", str(settings.tars_home / "temporal.db")),
        *_each("--sqlite-pragma", PRAGMAS),
        *_each("--dynamic-config-value", DYNAMIC_CONFIG),
        *_each("--search-attribute", [f"{name.value}=Keyword" for name in SearchAttribute]),
    ]


async def missing_attributes(client: Client) -> set[str]:
    """Names of our search attributes that the server does not know."""
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return {name.value for name in SearchAttribute} - set(answer.custom_attributes)


async def ensure_search_attributes(client: Client) -> None:
    """Add the search attributes that a server of somebody else lacks.

    Raises:
        StackProblem: the server does not let us.
    """
    missing = await missing_attributes(client)
    if not missing:
        return
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace, search_attributes=dict.fromkeys(missing, keyword)
            )
        )
    except RPCError as error:
        names = ", ".join(sorted(missing))
        raise StackProblem(
            f"Temporal lacks the search attributes {names} (type Keyword) and refuses to add "
            f"them: {error}."
        ) from error


async def _is_ready(settings: Settings) -> bool:
    try:
        return not await missing_attributes(await connect(settings, timeout_seconds=2))
    except (TemporalUnreachable, RPCError):
        return False


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _each(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
