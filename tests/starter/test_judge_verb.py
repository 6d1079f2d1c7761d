"""`./tars judge`: people learn the rules with it, programs ask it line by line."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import ROOT
from starter.__main__ import main


@pytest.fixture
def judging(tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "starter", "judge", "--json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "TARS_ENV_FILE": "/dev/null"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        yield process
        process.kill()


def ask(process: "subprocess.Popen[bytes]", line: bytes) -> dict[str, object]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(line + b"\n")
    process.stdin.flush()
    verdict: dict[str, object] = json.loads(process.stdout.readline())
    return verdict


def test_each_line_is_answered_before_the_next_is_read(
    judging: "subprocess.Popen[bytes]",
) -> None:
    assert ask(judging, b'"ls && rm -r build"') == {
        "decision": "confirm",
        "categories": ["file deletion"],
        "reason": "delete files",
        "span": [6, 17],
    }
    assert ask(judging, b'{"command": "ls", "workspace": "/srv/app"}')["decision"] == "run"
    assert ask(judging, b'{"command": "rm -rf /", "id": 7}')["decision"] == "refuse"


@pytest.mark.parametrize(
    "line",
    [
        b"rm x",
        b"7",
        b"null",
        b"{}",
        b'{"command": 7}',
        b'["rm"]',
        b'"\xff"',
        b'"unfinished',
        b"[" * 100_000,
        b"1" * 10_000,
    ],
    ids=range(10),
)
def test_a_line_that_is_no_command_is_told_so_in_its_place(
    line: bytes, judging: "subprocess.Popen[bytes]"
) -> None:
    assert list(ask(judging, line)) == ["error"]
    assert ask(judging, rb'"\ud800\u0000 $(" ')["decision"] in {"run", "confirm"}
    out, complaint = judging.communicate()
    assert (out, complaint, judging.returncode) == (b"", b"", 1)


def test_people_read_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "git status; git push --force"]) == 0
    assert capsys.readouterr().out == (
        "$ git status; git push --force\n"
        "  ● needs a code\n"
        "  Because  it would force push over what others have\n"
        "  Kinds    git\n"
    )


@pytest.mark.parametrize(
    ("words", "decision"),
    [
        (["rm", "-rf", "build"], "confirm"),
        (["echo rm -rf build"], "run"),
        (["echo", "a; rm -rf build"], "run"),
        (["echo a; rm -rf build"], "confirm"),
        (["ls", "--json", "--workspace", "x"], "run"),
    ],
)
def test_several_words_are_what_a_shell_has_made_of_a_line(
    words: list[str], decision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["decision"] == decision


def test_the_setting_decides_how_strict_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFIRM", "workspace-aware")
    assert main(["judge", "--json", "rm build/a.o"]) == 0
    assert json.loads(capsys.readouterr().out)["decision"] == "run"
