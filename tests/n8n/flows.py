"""The workflow files of n8n, and a way to run the code in them without n8n."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from settings import ROOT

N8N = ROOT / "n8n"
PATHS = sorted((N8N / "workflows").glob("*.json"))

RUN_CODE = """
const given = JSON.parse(require('fs').readFileSync(0));
const items = (list) => ({ all: () => list, first: () => list[0] });
const wrapped = (list) => items(list.map((json) => ({ json })));
const kept = given.kept;
const run = new Function('$input', '$', '$getWorkflowStaticData', '$env', given.code);
const answer = { kept };
try {
  const node = (name) => wrapped(given.nodes[name]);
  const made = run(wrapped(given.items), node, () => kept, given.env);
  answer.items = made.map((one) => one.json);
} catch (error) {
  answer.error = error.message;
}
process.stdout.write(JSON.stringify(answer));
"""


def flow(name: str) -> dict[str, Any]:
    """One workflow file."""
    found: dict[str, Any] = json.loads((N8N / "workflows" / f"{name}.json").read_text())
    return found


def nodes(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The nodes of a workflow by name."""
    return {node["name"]: node for node in of["nodes"]}


def run_code(
    file: str,
    items: list[Any],
    *,
    kept: dict[str, Any] | None = None,
    others: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Run a Code node's file: `items`, or `error`, and what it has `kept` for the next run."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to run the code of n8n's nodes with")
    given = {
        "code": (N8N / "code" / file).read_text(),
        "items": items,
        "kept": kept or {},
        "env": env or {},
        "nodes": {name: [item] for name, item in (others or {}).items()},
    }
    done = subprocess.run(
        [node, "-e", RUN_CODE], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
