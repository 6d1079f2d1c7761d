"""How processes log: to standard error, with secrets blanked."""

import logging
import sys
from types import TracebackType

from policy.redaction import Redactor, secret_values
from settings import Settings
from starter.api_token import kept_token

FORMAT = "%(asctime)s %(levelname)s %(message)s"


def make_redactor(settings: Settings) -> Redactor:
    """Make what blanks the secrets of the settings, of TARS_HOME and of the environment."""
    environment = secret_values(settings.process_environment)
    return Redactor([*settings.secrets, *kept_token(settings), *environment])


def log_to_stderr(redactor: Redactor, level: int = logging.INFO) -> None:
    """Let this process's log, and an error that ends it, go to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(redactor))
    logging.basicConfig(level=level, handlers=[handler])
    sys.excepthook = _log_last_error


class RedactingFormatter(logging.Formatter):
    """Blanks secrets in whole records, tracebacks included."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(FORMAT)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as text."""
        return self._redactor.text(super().format(record))


def _log_last_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logging.getLogger().critical("The process ends: %s", error, exc_info=(kind, error, trace))
