"""What tests of several rooms share: a real server, a scripted Claude, a worker in this process."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live", action="store_true", help="also talk to the real Claude (ANTHROPIC_API_KEY)"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--live"):
        return
    skip = pytest.mark.skip(reason="talks to the real Claude: run ./tars test --live")
    for item in items:
        if "live" in item.keywords:
            item.add_marker(skip)
