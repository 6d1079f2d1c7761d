"""Task ids that are easy to say, and what people write for them."""

import re
import secrets
from hashlib import sha256

from models.contract import TASK_ID_PREFIX
from starter.problems import UnknownTask

_LETTERS = "abcdefghjkmnprstuvwxyz"  # without i, l, o, q: mistaken for digits or each other
_DIGITS = "23456789"
KEYED_CHARACTERS = 8
"""Of an id made from a key: 800 million of them."""

_WRITTEN = re.compile(rf"#?(?:{TASK_ID_PREFIX})?([a-z0-9]{{4,32}})", re.IGNORECASE)


def new_task_id(extra_characters: int = 0) -> str:
    """Make an id such as `task-a7f3`; letters and digits alternate, so no words arise."""
    alphabets = (_LETTERS, _DIGITS)
    characters = (secrets.choice(alphabets[i % 2]) for i in range(4 + extra_characters))
    return TASK_ID_PREFIX + "".join(characters)


def task_id_of(key: str, extra_characters: int = 0) -> str:
    """Make the id that always stands for a key; longer, for two keys must not get the same."""
    digest = sha256(key.encode()).digest()[: KEYED_CHARACTERS + extra_characters]
    alphabets = (_LETTERS, _DIGITS)
    characters = (alphabets[i % 2][byte % len(alphabets[i % 2])] for i, byte in enumerate(digest))
    return TASK_ID_PREFIX + "".join(characters)


def short_id(task_id: str) -> str:
    """Write an id as people read it: `#a7f3`."""
    return "#" + task_id.removeprefix(TASK_ID_PREFIX)


def parse_task_id(written: str) -> str:
    """Read `#a7f3`, `a7f3` or `task-a7f3`.

    Raises:
        UnknownTask: it cannot be the id of any task.
    """
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        shown = written.strip()[:40]
        raise UnknownTask(f"'{shown}' is not a task id: they look like #a7f3. Try ./tars list.")
    return TASK_ID_PREFIX + match[1].lower()
