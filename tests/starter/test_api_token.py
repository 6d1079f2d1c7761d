"""The token of the api: one for all processes, and for its owner's eyes only."""

import logging
import stat
import threading
from pathlib import Path

import pytest

from logs import RedactingFormatter, make_redactor
from settings import Settings, SettingsProblem
from starter.api_token import TOKEN_FILE, api_token


def settings_at(home: Path, **more: object) -> Settings:
    return Settings.model_validate({"tars_home": home, **more})


def test_the_first_to_come_makes_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made: list[str] = []

    def make() -> None:
        made.append(api_token(settings_at(home)).get_secret_value())

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made[0]) >= 43
    assert stat.S_IMODE((home / TOKEN_FILE).stat().st_mode) == 0o600
    assert [file.name for file in home.iterdir()] == [TOKEN_FILE]


def test_the_settings_go_before(tmp_path: Path) -> None:
    given = api_token(settings_at(tmp_path, api_token="a-token-of-their-own"))
    assert given.get_secret_value() == "a-token-of-their-own"
    assert not (tmp_path / TOKEN_FILE).exists()


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsProblem, match="API_TOKEN"):
        api_token(settings_at(tmp_path / "file"))
    file = tmp_path / TOKEN_FILE
    file.write_text("token\n")
    file.chmod(0o644)
    with pytest.raises(SettingsProblem, match=f"chmod 600 {file}"):
        api_token(settings_at(tmp_path))
    file.chmod(0o600)
    file.write_text("\n")
    with pytest.raises(SettingsProblem, match="is empty"):
        api_token(settings_at(tmp_path))


def test_it_is_blanked_in_logs(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    token = api_token(settings).get_secret_value()
    record = logging.makeLogRecord({"msg": f"GET /tasks with {token}"})
    written = RedactingFormatter(make_redactor(settings)).format(record)
    assert token not in written
    assert "GET /tasks" in written
