"""Ids that are easy to say, and how people write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from models.task import TaskId
from starter.naming import new_task_id, parse_task_id, short_id, task_id_of
from starter.problems import UnknownTask


def test_an_id_is_four_characters_that_no_other_looks_like() -> None:
    for _ in range(200):
        task_id = new_task_id()
        assert TypeAdapter(TaskId).validate_python(task_id) == task_id
        assert re.fullmatch(r"task-[a-z]\d[a-z]\d", task_id)
        assert not set(task_id.removeprefix("task-")) & set("iloq01")


def test_an_id_grows_where_short_ones_are_taken() -> None:
    assert len(new_task_id(3)) == len("task-") + 7


@pytest.mark.parametrize("written", ["#a7f3", "a7f3", "task-a7f3", "A7F3", " #a7f3 ", "#TASK-a7f3"])
def test_people_write_an_id_in_many_ways(written: str) -> None:
    assert parse_task_id(written) == "task-a7f3"


@pytest.mark.parametrize("written", ["", "#", "a7", "a7f3!", "a7f3 b", "../a7f3", "x" * 33, "ä7f3"])
def test_what_cannot_be_an_id_is_told_so(written: str) -> None:
    with pytest.raises(UnknownTask, match="is not a task id"):
        parse_task_id(written)


@given(st.integers(min_value=0, max_value=28))
def test_a_short_id_is_understood_again(extra_characters: int) -> None:
    task_id = new_task_id(extra_characters)
    assert parse_task_id(short_id(task_id)) == task_id


@given(st.text(), st.integers(min_value=0, max_value=8))
def test_a_key_always_stands_for_the_same_id(key: str, extra_characters: int) -> None:
    task_id = task_id_of(key, extra_characters)
    assert task_id_of(key, extra_characters) == task_id
    assert parse_task_id(short_id(task_id)) == task_id
    assert re.fullmatch(r"task-([a-z]\d){4,8}[a-z]?", task_id)
    assert task_id.startswith(task_id_of(key))


def test_keys_seldom_share_an_id() -> None:
    assert len({task_id_of(f"order-{number}") for number in range(10_000)}) == 10_000
