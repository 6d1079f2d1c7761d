"""The first thing anybody sees, played to its end: `./tars demo`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from settings import ROOT


def test_the_demo_removes_its_scratch_file_once_the_code_is_given() -> None:
    played = subprocess.run(
        [sys.executable, "-P", "-m", "starter", "demo", "--yes", "--pace", "0", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=110,
        check=False,
    )
    assert played.returncode == 0, played.stderr.decode()
    rehearsed = json.loads(played.stdout)
    result = rehearsed["progress"]["result"]
    assert rehearsed["ok"]
    assert result["state"] == "completed"
    made = {path.name for path in Path(result["files"]).iterdir()}
    assert {"calculator.py", "test_calculator.py"} <= made
    assert "soak.py" not in made
    shutil.rmtree(rehearsed["home"])
