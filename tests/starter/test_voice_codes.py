"""Codes and ids as people, and the ears of machines, say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.speech import number, spelled
from models.voice import SubmitBackgroundConfirmation
from starter.voice_codes import spoken_code, spoken_ids, spoken_word


@pytest.mark.parametrize(
    "said",
    [
        "6283",
        " 6283. ",
        "6 2 8 3",
        "6-2-8-3",
        "62 83",
        "six two eight three",
        "Six, two, eight, three.",
        "six to ate three",
        "sixty two eighty three",
        "sixty-two eighty-three",
        "six two eighty three",
        "six thousand two hundred eighty three",
        "six thousand two hundred and eighty-three",
        "sixty two hundred eighty three",
        "The code is six two eight three, please.",
        "\uff16\uff12\uff18\uff13",
        "6283.0",
        "okay 6283",
        "um, so it's six two, uh, eight three. Thank you!",
        "six two eight three thanks",
        "6283 walrus",
        "the code for the balloon is six two eight three, so you can go on",
        "the code is 6283 for the other task, to go on",
        "I have two tasks, and for this one the code is 6283",
        "6283, I say: six two eight three",
    ],
)
def test_one_code_said_in_many_ways(said: str) -> None:
    assert spoken_code(said) == "6283"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("oh oh seven zero", "0070"),
        ("double seven triple one", "77111"),
        ("eleven twelve", "1112"),
        ("twenty oh five", "2005"),
        ("ninety nine", "99"),
        ("one hundred", "100"),
        ("123 456", "123456"),
        ("zx81-6283", "zx81-6283"),
        ("correct horse battery", "correct horse battery"),
        ("six of two", "six of two"),
        ("62 please 83 okay 1 5", "628315"),
        ("walrus-6283", "walrus-6283"),
        ("6.2.8.0", "6280"),
        ("it is not 6283", "it is not 6283"),
        ("6283 or 6382", "6283 or 6382"),
        ("double", "double"),
        ("hundred of", "hundred of"),
        ("", ""),
        ("the code is", "the code is"),
    ],
)
def test_other_codes(said: str, code: str) -> None:
    assert spoken_code(said) == code


@given(st.text(alphabet="0123456789", min_size=4, max_size=8))
def test_whatever_we_spell_we_understand(code: str) -> None:
    assert spoken_code(spelled(code)) == code


@given(st.integers(1, 99_999))
def test_whatever_we_count_we_understand(value: int) -> None:
    said = number(value)
    if "hundred" in said or "thousand" in said or value < 100:
        assert spoken_code(said) == str(value)


@given(st.text())
def test_nothing_that_is_said_is_lost(said: str) -> None:
    assert bool(spoken_code(said)) == bool(said.strip())


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("6283 walrus", "walrus"),
        ("Falcon: six two eight three", "falcon"),
        ("6283 buddy", ""),
        ("6283 falcon, not walrus", ""),
        ("falcon or walrus 6283", ""),
        ("correct horse walrus", ""),
    ],
)
def test_the_word_is_heard_along_with_the_code(said: str, word: str) -> None:
    assert spoken_word(said) == word


@pytest.mark.parametrize("code", ["6283", 6283, 6283.0])
@pytest.mark.parametrize("approve", [True, None, "true"])
def test_codes_as_models_send_them(code: object, approve: object) -> None:
    given = SubmitBackgroundConfirmation.model_validate({"code": code, "approve": approve})
    assert (given.code, given.approve) == ("6283", True)


@pytest.mark.parametrize("code", [62.83, [6283], True])
def test_what_is_no_code_at_all(code: object) -> None:
    with pytest.raises(ValidationError):
        SubmitBackgroundConfirmation.model_validate({"code": code})


@pytest.mark.parametrize(
    ("said", "tasks"),
    [
        ("a7f3", ["a7f3"]),
        ("#a7f3", ["a7f3"]),
        ("A seven F three", ["a7f3"]),
        ("task a 7 f 3", ["a7f3"]),
        ("it's s seven f three", ["s7f3"]),
        ("ID k2m4", ["k2m4"]),
        ("the one with id k2m4", ["k2m4"]),
        ("task id k two m four", ["k2m4"]),
        ("hash a7f3", ["a7f3"]),
        ("the a7f3 one", ["a7f31", "a7f3"]),
        ("a seven f one", ["a7f1", "a7f"]),
        ("the task", [""]),
    ],
)
def test_ids(said: str, tasks: list[str]) -> None:
    assert spoken_ids(said) == tasks
