"""Writing a file of ours so that every reader finds it whole, the old or the new one."""

import tempfile
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Replace the content of `file`. A death halfway leaves the old one. Raises OSError."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".new-", delete=False) as new:
        try:
            new.write(content)
            new.flush()
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
