"""The scenarios that come with the scripted Claude."""

from demo.scenarios.calculator import calculator_scenarios
from demo.scenarios.small import small_scenarios
from demo.script import Scenario


def all_scenarios(pace: float = 1.0) -> dict[str, Scenario]:
    """Answer every scenario by name. `pace` scales the time that their commands take."""
    return {**calculator_scenarios(pace), **small_scenarios()}
