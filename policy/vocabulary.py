"""Lists of names, written as plain text."""

from typing import TypeVar

Value = TypeVar("Value")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def named(names: str, value: Value) -> dict[str, Value]:
    """One value under each of several names."""
    return dict.fromkeys(names.split(), value)
