"""Everything a person can get wrong ends in one sentence; nothing is started, no traceback."""

import io
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from settings import ROOT
from starter.__main__ import main


@dataclass(frozen=True)
class Mistake:
    arguments: tuple[str, ...]
    sentence: str
    status: int = 1
    typed: bytes = b""
    environment: tuple[tuple[str, str], ...] = ()


UNREACHABLE = "Temporal does not answer at 127.0.0.1:"
MISTAKES = {
    "empty goal": Mistake(("start", "  "), "The goal is empty: say what Claude should do."),
    "10 MB goal": Mistake(("start", "-"), "The goal is longer than 20,000", typed=b"x" * 10**7),
    "goal in Latin-1": Mistake(("start", "-"), "not UTF-8", typed="äöü".encode("latin-1")),
    "no goal": Mistake(("start",), "Missing argument", 2),
    "unknown verb": Mistake(("dance",), "No such command 'dance'. Did you mean", 2),
    "unknown option": Mistake(("status", "--fast"), "--fast", 2),
    "unknown state": Mistake(("list", "--state", "sad"), "'sad' is not one of", 2),
    "no number": Mistake(("start", "x", "--turns", "many"), "valid integer", 2),
    "no turns": Mistake(("start", "x", "--turns", "0"), "--turns is impossible: it should be"),
    "no minutes": Mistake(("start", "x", "--minutes", "0"), "--minutes is impossible: in seconds"),
    "endless": Mistake(("start", "x", "--minutes", "inf"), "--minutes is impossible"),
    "not a number": Mistake(("start", "x", "--dollars", "nan"), "--dollars is impossible"),
    "less than nothing": Mistake(("extend", "--turns", "-3"), "--turns is impossible"),
    "no project": Mistake(("start", "x", "--project", "/nowhere"), "There is no /nowhere"),
    "no repository": Mistake(("start", "x", "--project", "/"), "/ is no usable git repository"),
    "project is a file": Mistake(("start", "x", "--project", __file__), "is a file"),
    "code too long": Mistake(("confirm", "x" * 201), "The code is longer than 200 characters."),
    "nothing to judge": Mistake(("judge",), "Say which command to judge"),
    "nothing to tell": Mistake(("tell", ""), "The text is empty"),
    "bad setting": Mistake(
        ("list",), "MAX_ITERATIONS cannot be used", environment=(("MAX_ITERATIONS", "x"),)
    ),
}
"""Found out before anything is asked, so they are tried in this process."""

IN_A_PROCESS = {
    "no server": Mistake(("status",), UNREACHABLE),
    "no server to watch": Mistake(("watch", "a7f3"), UNREACHABLE),
    "home is no directory": Mistake(
        ("up",), "TARS_HOME cannot be used", environment=(("TARS_HOME", "/dev/null/x"),)
    ),
    "10 MB goal": MISTAKES["10 MB goal"],
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_ends_in_one_sentence(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake = MISTAKES[name]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mistake.typed)))
    for variable, value in mistake.environment:
        monkeypatch.setenv(variable, value)
    status = main(mistake.arguments)
    said = capsys.readouterr()
    judge(mistake, status, said.out, said.err)


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_a_mistake_ends_the_process_in_one_sentence(name: str, tmp_path: Path) -> None:
    mistake = IN_A_PROCESS[name]
    answer = carry_out(mistake, tmp_path)
    judge(mistake, answer.returncode, answer.stdout.decode(), answer.stderr.decode())


def judge(mistake: Mistake, status: int, out: str, complaint: str) -> None:
    assert mistake.sentence in complaint
    assert complaint.count("\n") == 1
    assert complaint.endswith(".\n")
    assert out == ""
    assert status == mistake.status


def carry_out(mistake: Mistake, home: Path, *more: str) -> "subprocess.CompletedProcess[bytes]":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return subprocess.run(
        [sys.executable, "-P", "-m", "starter", *mistake.arguments, *more],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TARS_HOME": str(home),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{port}",
            **dict(mistake.environment),
        },
        input=mistake.typed,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_programs_get_the_sentence_as_json(tmp_path: Path) -> None:
    answer = carry_out(MISTAKES["empty goal"], tmp_path, "--json")
    assert json.loads(answer.stdout) == {"error": "The goal is empty: say what Claude should do."}
    assert answer.returncode == 1


def test_the_unexpected_is_told_in_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "stack.lock").mkdir()
    answer = carry_out(Mistake(("down",), ""), tmp_path)
    log = tmp_path / "logs" / "tars.log"
    assert answer.stderr.decode() == (
        f"Something unexpected went wrong (IsADirectoryError): the details are in {log}.\n"
    )
    assert "Traceback" in log.read_text()
    assert answer.returncode == 1


def test_without_a_verb_the_verbs_are_listed(tmp_path: Path) -> None:
    answer = carry_out(Mistake((), ""), tmp_path)
    assert b"start" in answer.stdout
    assert b"doctor" in answer.stdout
    assert answer.returncode == 0


def test_a_directory_of_the_same_name_where_the_user_stands_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("raise SystemExit('shadowed')")
    assert carry_out(MISTAKES["empty goal"], tmp_path).stderr.startswith(b"The goal is empty")
