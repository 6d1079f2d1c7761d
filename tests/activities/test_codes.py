"""Which codes are right, and how often."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest

from activities.codes import Codes

CODE = "zx81 6283"
SECRET = pyotp.random_base32()
NOW = 1_790_000_000.0
"""In the middle of a time step of 30 seconds, give or take."""


def one_time(seconds_ago: float = 0) -> str:
    return pyotp.TOTP(SECRET).at(NOW - seconds_ago)


def codes(place: Path, code: str | None = CODE, secret: str | None = SECRET) -> Codes:
    return Codes(code, secret, place / "used.json", clock=lambda: NOW)


@pytest.mark.parametrize("given", ["zx81 6283", "zx816283", " zx 81 62 83\n"])
def test_the_code_may_be_said_in_groups(given: str, tmp_path: Path) -> None:
    assert codes(tmp_path).fits(given, "1")


@pytest.mark.parametrize("given", ["", " ", "zx81628", "zx8162833", "ZX816283", "6283", "zx81ä283"])
def test_anything_else_is_wrong(given: str, tmp_path: Path) -> None:
    assert not codes(tmp_path).fits(given, "1")
    assert not codes(tmp_path, secret=None).fits(given, "1")


def test_with_nothing_set_up_nothing_is_right(tmp_path: Path) -> None:
    nothing = codes(tmp_path, None, None)
    assert not nothing.is_set_up
    assert not nothing.fits("", "1")
    assert codes(tmp_path, CODE, None).is_set_up
    assert codes(tmp_path, None, SECRET).is_set_up


def test_a_one_time_code_is_good_for_one_request(tmp_path: Path) -> None:
    code = one_time()
    assert codes(tmp_path).fits(f"{code[:3]} {code[3:]}", "1")
    assert codes(tmp_path).fits(code, "1"), "the same answer again, by a worker started anew"
    assert not codes(tmp_path).fits(code, "2")
    assert not codes(tmp_path).fits(one_time(30), "2"), "nor an older one that was not used"
    assert codes(tmp_path).fits(one_time(-30), "2")
    assert codes(tmp_path).fits(CODE, "3"), "the code that stays is good as well"


@pytest.mark.parametrize("seconds_ago", [90, -90])
def test_a_one_time_code_of_another_time_is_wrong(seconds_ago: float, tmp_path: Path) -> None:
    assert not codes(tmp_path).fits(one_time(seconds_ago), "1")


def test_of_many_requests_at_once_one_gets_the_one_time_code(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as people:
        fits = list(people.map(lambda at: codes(tmp_path).fits(one_time(), f"{at}"), range(64)))
    assert fits.count(True) == 1


@pytest.mark.parametrize("secret", ["not base 32!", "JBSWY3DP"])
def test_a_secret_that_is_none_is_found_out_at_once(secret: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"base32|padding|112 bits"):
        codes(tmp_path, secret=secret)
    codes(tmp_path, secret=" ".join(SECRET[at : at + 4] for at in range(0, len(SECRET), 4)))


def test_no_secret_lies_in_the_file(tmp_path: Path) -> None:
    assert codes(tmp_path).fits(one_time(), "1")
    kept = (tmp_path / "used.json").read_text()
    assert one_time() not in kept
    assert SECRET not in kept
