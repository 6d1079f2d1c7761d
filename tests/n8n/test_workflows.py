"""The workflow files fit together, suit old and new n8n, and hold no secret."""

import json
import re
from typing import Any

import pytest

from settings import ROOT
from tests.n8n.flows import N8N, PATHS, nodes

VERSIONS = {
    "n8n-nodes-base.webhook": 2,
    "n8n-nodes-base.httpRequest": 4.2,
    "n8n-nodes-base.if": 2.2,
    "n8n-nodes-base.respondToWebhook": 1.1,
    "n8n-nodes-base.code": 2,
    "n8n-nodes-base.scheduleTrigger": 1.1,
    "n8n-nodes-base.crypto": 1,
}
"""Node types and the versions of them that n8n 1.x has as well as 2.x."""

BRACKETS = {")": "(", "]": "[", "}": "{"}

FLOWS = [json.loads(path.read_text()) for path in PATHS]
each_flow = pytest.mark.parametrize("flow", FLOWS, ids=[path.stem for path in PATHS])


def texts(value: Any) -> list[str]:
    """All strings in a JSON value."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in texts(one)]
        case list():
            return [text for one in value for text in texts(one)]
        case _:
            return []


def is_balanced(text: str) -> bool:
    opened = []
    for character in re.sub(r"'(?:[^'\\]|\\.)*'", "", text):
        if character in BRACKETS.values():
            opened.append(character)
        elif character in BRACKETS and (not opened or opened.pop() != BRACKETS[character]):
            return False
    return not opened


def test_there_are_three() -> None:
    assert len({flow["id"] for flow in FLOWS}) == 3
    assert all(len(flow["id"]) <= 16 for flow in FLOWS), "n8n makes ids of 16 characters"


@each_flow
def test_only_nodes_that_old_n8n_has_too(flow: dict[str, Any]) -> None:
    for node in flow["nodes"]:
        assert VERSIONS.get(node["type"]) == node["typeVersion"], node["name"]


@each_flow
def test_names_and_ids_are_each_one_nodes(flow: dict[str, Any]) -> None:
    count = len(flow["nodes"])
    assert len(nodes(flow)) == len({node["id"] for node in flow["nodes"]}) == count
    assert len({tuple(node["position"]) for node in flow["nodes"]}) == count


@each_flow
def test_connections_lead_from_nodes_to_nodes_and_reach_all(flow: dict[str, Any]) -> None:
    reached = set()
    for source, outputs in flow["connections"].items():
        assert source in nodes(flow)
        most = 2 if nodes(flow)[source]["type"].endswith(".if") else 1
        assert len(outputs["main"]) <= most
        reached |= {edge["node"] for output in outputs["main"] for edge in output}
    begins = {name for name, node in nodes(flow).items() if name not in reached}
    assert reached <= nodes(flow).keys()
    assert [nodes(flow)[name]["type"].split(".")[1] for name in begins] in (
        ["webhook"],
        ["scheduleTrigger"],
    )


@each_flow
def test_expressions_are_whole_and_name_nodes_that_are_there(flow: dict[str, Any]) -> None:
    for text in texts([node["parameters"] for node in flow["nodes"]]):
        if text.startswith("=") and "{{" in text:
            assert text.count("{{") == text.count("}}"), text
            assert is_balanced(text), text
        for name in re.findall(r"\$\('([^']+)'\)", text):
            assert name in nodes(flow), text


@each_flow
def test_code_is_that_of_the_files(flow: dict[str, Any]) -> None:
    for node in flow["nodes"]:
        if code := node["parameters"].get("jsCode"):
            file = code.splitlines()[0].removeprefix("// ")
            assert code == (ROOT / file).read_text(), "run scripts/n8n-embed"


@each_flow
def test_inbound_needs_the_key_and_outbound_tells_errors(flow: dict[str, Any]) -> None:
    for node in flow["nodes"]:
        parameters = node["parameters"]
        if node["type"].endswith(".webhook"):
            assert parameters["authentication"] == "headerAuth"
            assert parameters["responseMode"] == "responseNode"
        if node["type"].endswith(".httpRequest"):
            assert 0 < parameters["options"]["timeout"] <= 10_000
            assert "retryOnFail" not in node, "who called tries again, and knows when"


def test_n8n_does_not_keep_what_codes_pass_through() -> None:
    for flow in FLOWS:
        if "confirmation" in flow["name"]:
            assert flow["settings"]["saveDataSuccessExecution"] == "none"
            assert flow["settings"]["saveDataErrorExecution"] == "none"


def test_credentials_are_named_and_known() -> None:
    known = {
        (one["type"], one["id"], one["name"])
        for one in json.loads((N8N / "credentials.example.json").read_text())
    }
    used = {
        (kind, one["id"], one["name"])
        for flow in FLOWS
        for node in flow["nodes"]
        for kind, one in node.get("credentials", {}).items()
    }
    assert used == known


def test_no_secret_is_inside() -> None:
    for path in [file for file in N8N.rglob("*") if file.is_file()]:
        text = path.read_text()
        assert not re.search(r"/webhooks/\d+", text), path
        assert not re.search(r"whsec_[A-Za-z0-9]|Bearer \S|\bBot (?!\$\{)\S", text), path
        assert not re.search(r"[\w-]{24}\.[\w-]{6}\.[\w-]{27}", text), "a bot's token"
    for one in json.loads((N8N / "credentials.example.json").read_text()):
        assert re.fullmatch(r"(Bot )?\$\{[A-Z0-9_]+\}", one["data"]["value"])
