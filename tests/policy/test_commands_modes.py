"""`CONFIRM=workspace-aware`: tidying up inside the workspace needs no code."""

import pytest

from models.steps import VerdictDecision
from policy.commands import Mode, judge

ALLOWED = [
    "rm x",
    "rm -rf build dist",
    "rm -rf ./build/*",
    "rm *.pyc",
    "rm -rf node_modules && npm ci",
    "rm -f /tmp/x",
    "rm -rf /workspace/build",
    "cd src && rm old.py",
    "rmdir a/b",
    "git rm old.py",
    "find build -delete",
    "python3 -c 'import os; os.remove(\"x\")'",
    "python3 -c 'import shutil; shutil.rmtree(\"build\")'",
    "for f in a b; do rm $f; done",
    "chmod +x run.sh",
    "chmod -R 755 build",
    "kill 123",
    "pkill -f server",
    "lsof -ti:3000 | xargs kill -9",
    "fuser -k 3000/tcp",
]
STILL_ASKED = [
    "rm -rf .",
    "rm -rf /workspace",
    "rm -rf *",
    "rm -rf ./*",
    "rm -rf .git",
    "rm -rf .git/refs",
    "rm -rf /tmp",
    "rm -rf /tmp/*",
    'rm -rf "$DIR"',
    "rm -rf build $X/y",
    "rm -rf ../x",
    "rm -rf ~/x",
    "rm -rf /opt/x",
    "cd .. && rm -rf x",
    "find . -name '*.o' -delete",
    "find . | xargs rm",
    "git rm -r .",
    "git clean -fd",
    "chmod u+s x",
    "chmod 4755 x",
    "chmod +x /usr/bin/x",
    "chown me x",
    "sudo rm x",
    "sudo kill 1",
    "docker run -v $PWD:/w alpine rm x",
    "systemctl stop x",
    "psql -c 'drop table x'",
    "git reset --hard",
    "> file",
]


@pytest.mark.parametrize("command", ALLOWED)
def test_tidying_up_runs(command: str) -> None:
    assert judge(command).decision is VerdictDecision.CONFIRM
    verdict = judge(command, mode=Mode.WORKSPACE_AWARE)
    assert verdict.decision is VerdictDecision.RUN, verdict.reason


@pytest.mark.parametrize("command", STILL_ASKED)
def test_the_rest_is_still_asked(command: str) -> None:
    assert judge(command, mode=Mode.WORKSPACE_AWARE).decision is not VerdictDecision.RUN


def test_the_workspace_may_lie_anywhere() -> None:
    command = "echo x > /home/u/project/y"
    assert judge(command, workspace="/home/u/project").decision is VerdictDecision.RUN
    assert judge(command, workspace="/home/u/other").decision is VerdictDecision.CONFIRM
    home = judge("echo x > ~/project/y", workspace="/home/u/project/")
    assert home.decision is VerdictDecision.RUN
