"""How names and sizes are put into sentences."""


def shown(text: str, limit: int = 200) -> str:
    """A name as people can read it: at most `limit` characters, control characters escaped."""
    safe = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:limit])
    return safe if len(text) <= limit else safe + "..."


def size_words(size_bytes: float) -> str:
    """A size in decimal units, such as `1.2 kB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as `1 file` or `1,200 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
