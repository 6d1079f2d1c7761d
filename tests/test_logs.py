"""What processes log: whole, but for the secrets."""

import subprocess
import sys

from settings import ROOT

KEY = "sk-ant-api03-0123456789-abcdefghijklmnopqrstuvwxyz"
PROGRAM = f"""
import logging
from logs import log_to_stderr
from policy.redaction import Redactor

log_to_stderr(Redactor(["{KEY}", "6283"]))
log = logging.getLogger("test")
log.info("the key is %s, the code %d", "{KEY}", 6283)
log.debug("not told")
try:
    raise ValueError("refused: {KEY}")
except ValueError:
    log.exception("that failed")
raise LookupError("the last words are {KEY}")
"""


def test_secrets_are_blanked_in_records_tracebacks_and_last_words() -> None:
    program = PROGRAM.replace(KEY, KEY[:20] + '" "' + KEY[20:])  # no secret in the source lines
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "INFO the key is [redacted], the code [redacted]" in ended.stderr
    assert "ValueError: refused: [redacted]" in ended.stderr
    assert "LookupError: the last words are [redacted]" in ended.stderr
    assert "Traceback" in ended.stderr
    assert KEY not in ended.stderr
    assert "not told" not in ended.stderr
