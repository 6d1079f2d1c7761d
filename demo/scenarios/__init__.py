"""The scenarios that come with the scripted Claude."""

from demo.scenarios.small import small_scenarios
from demo.script import Scenario


def all_scenarios(pace: float = 1.0) -> dict[str, Scenario]:
    """Answer every scenario by name. `pace` scales the time that their commands take."""
    del pace
    return {**small_scenarios()}
