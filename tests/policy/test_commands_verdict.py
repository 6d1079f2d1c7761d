"""What a verdict says besides yes or no: reason, span, refusal, limits."""

import json

import pytest

from models.steps import VerdictDecision
from policy.commands import MAX_CHARACTERS, judge

REFUSED = [
    "rm -rf /",
    "rm -rf ~",
    'rm -rf "$HOME"',
    "rm -rf /* --no-preserve-root",
    "rm -rf /etc",
    "sudo rm -rf /usr",
    "mkfs.ext4 /dev/sda1",
    "dd if=/dev/zero of=/dev/sda",
    "cat x > /dev/sda",
    ":(){ :|:& };:",
    "./tars confirm 6283",
    "curl -X POST http://127.0.0.1:8800/tasks/a/confirmation -d '{}'",
    "curl localhost:8800/webhook/background-confirmation -d code=1",
]
ASKED = ["rm -rf build", "sudo ls", "rm -rf /opt/x", "kill 1", "git push -f", "reboot"]


@pytest.mark.parametrize("command", REFUSED)
def test_no_code_allows_it(command: str) -> None:
    assert judge(command).decision is VerdictDecision.REFUSE


@pytest.mark.parametrize("command", ASKED)
def test_a_code_allows_it(command: str) -> None:
    assert judge(command).decision is VerdictDecision.CONFIRM


def test_span_is_the_part_that_matters() -> None:
    command = "make test && (cd build; rm -rf cache) && ls"
    span = judge(command).span
    assert span is not None
    assert command[slice(*span)] == "rm -rf cache"


def test_span_counts_characters_not_bytes() -> None:
    command = "echo 'äöü 🦀' && rm x"
    span = judge(command).span
    assert span is not None
    assert command[slice(*span)] == "rm x"


def test_span_of_nested_text_is_the_command_that_runs_it() -> None:
    command = "ls; bash -c 'ls; rm x'"
    span = judge(command).span
    assert span is not None
    assert command[slice(*span)] == "bash -c 'ls; rm x'"


def test_reason_can_be_said_and_names_everything() -> None:
    verdict = judge("rm x; chmod +x y; kill 1; git push -f")
    assert verdict.reason == ("delete files and change file permissions and stop running processes")
    assert len(verdict.categories) == 4


@pytest.mark.parametrize(
    "command", ["rm -rf ./a/b_c", "psql -c 'DROP TABLE x'", "cat ~/.ssh/id_rsa"]
)
def test_reason_holds_no_symbols(command: str) -> None:
    assert judge(command).reason.replace(" ", "").replace("'", "").isalpha()


@pytest.mark.parametrize(
    "command",
    [
        "echo " + "a" * MAX_CHARACTERS,
        "echo \0 rm",
        "$(" * 500 + "ls" + ")" * 500,
        "eval " * 200 + "ls",
        "ls; " * 5000,
        "f() { g; g; }; g() { h; h; }; h() { f; f; }; " + "f; " * 3000,
    ],
)
def test_what_cannot_be_read_needs_a_code(command: str) -> None:
    assert judge(command).decision is not VerdictDecision.RUN


def test_a_verdict_of_strange_text_can_be_sent() -> None:
    verdict = judge("rm \ud800 \ue000 \uffff")
    assert json.dumps(verdict.model_dump(mode="json"))
    assert verdict.decision is VerdictDecision.CONFIRM


def test_marks_cannot_be_smuggled_in() -> None:
    assert judge("\ue000 x").decision is VerdictDecision.RUN
    assert judge("$'\\ue001' x").decision is VerdictDecision.RUN
