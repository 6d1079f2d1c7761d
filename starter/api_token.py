"""The bearer token of the api: as the settings say, or made once and kept in TARS_HOME."""

import secrets

from pydantic import SecretStr

from secret_files import ReadableByOthers, read_or_make
from settings import Settings, SettingsProblem

TOKEN_FILE = "api.token"  # noqa: S105 - the name of a file

TOKEN_BYTES = 32
"""Of randomness: more than anybody can try."""


def api_token(settings: Settings) -> SecretStr:
    """Return the token; the first to come makes the file if the settings have none.

    Raises:
        SettingsProblem: it cannot be kept, or others can read it.
    """
    if settings.api_token:
        return settings.api_token
    file = settings.tars_home / TOKEN_FILE
    try:
        kept = read_or_make(file, lambda: f"{secrets.token_urlsafe(TOKEN_BYTES)}\n").strip()
    except ReadableByOthers as problem:
        raise SettingsProblem(str(problem)) from None
    except OSError as error:
        raise SettingsProblem(
            f"The token of the api cannot be kept: {error.strerror} ({error.filename}); "
            "set API_TOKEN, or TARS_HOME to a directory that can be written."
        ) from error
    if not kept:
        raise SettingsProblem(f"{file} is empty: remove it, and a new token is made.")
    return SecretStr(kept)


def kept_token(settings: Settings) -> list[str]:
    """The token in TARS_HOME, for whoever blanks secrets; empty where there is none to read."""
    try:
        return [(settings.tars_home / TOKEN_FILE).read_text().strip()]
    except (OSError, UnicodeDecodeError):
        return []
