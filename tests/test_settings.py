"""The environment: what is documented is what is read."""

import subprocess
import sys
from pathlib import Path

from settings import ROOT, Settings

EXAMPLE = ROOT / ".env.example"


def entries() -> dict[str, tuple[str, str]]:
    """Comment and value by name."""
    found = {}
    for block in EXAMPLE.read_text().strip().split("\n\n"):
        *comment, assignment = block.splitlines()
        name, _, value = assignment.partition("=")
        found[name] = (" ".join(line.removeprefix("# ") for line in comment), value)
    return found


def written(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case _:
            return str(default)


def test_every_setting_is_in_the_example_with_its_description_and_default() -> None:
    expected = {
        name.upper(): (field.description, written(field.default))
        for name, field in Settings.model_fields.items()
    }
    assert entries() == expected


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text())
    assert Settings(_env_file=copy).limits == Settings(_env_file=None).limits


def test_a_bad_value_is_named_and_not_shown() -> None:
    tried = subprocess.run(
        [sys.executable, "-c", "import settings; settings.load_settings()"],
        cwd=ROOT,
        env={"MAX_ITERATIONS": "hunter2"},
        capture_output=True,
        text=True,
        check=False,
    )
    last = tried.stderr.strip().splitlines()[-1]
    assert "SettingsProblem: MAX_ITERATIONS cannot be used" in last
    assert "hunter2" not in tried.stderr
