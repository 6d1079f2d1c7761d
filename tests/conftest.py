"""What tests of several rooms share: a real server, a scripted Claude, a worker in this process."""

from pathlib import Path

import pytest

OPT_IN = {
    "live": "talks to the real Claude: run ./tars test --live",
    "n8n": "runs the real n8n: run scripts/n8n-circle",
}
"""Tests with these marks are run when the option of the same name is given."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live", action="store_true", help="also talk to the real Claude (ANTHROPIC_API_KEY)"
    )
    parser.addoption(
        "--n8n", type=Path, metavar="DIRECTORY", help="also run the real n8n installed there"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for option, reason in OPT_IN.items():
        if not config.getoption(f"--{option}"):
            for item in items:
                if item.get_closest_marker(option):
                    item.add_marker(pytest.mark.skip(reason=reason))
