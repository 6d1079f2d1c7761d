"""File paths as text: made absolute and freed of `.`, `..` and detours."""

import re

from policy.shell.marks import UNKNOWN

_DETOUR = re.compile(r"^/proc/(?:self|thread-self|\d+|\ue000)/root(?=/|$)")
_OWN_DIRECTORY = re.compile(r"^/proc/(?:self|thread-self)/cwd(?=/|$)")
_DOTS = re.compile(r"/\.|//|/$")


def resolved(path: str, cwd: str) -> str:
    """Absolute path; begins with a hole when the text does not say where it is."""
    if not path.startswith("/"):
        if path[:1] in UNKNOWN:
            return path
        path = f"{cwd}/{path}"
    path = _OWN_DIRECTORY.sub(lambda _: cwd, path)
    if _DOTS.search(path):
        path = _normal(path)
    detour = _DETOUR.match(path)
    return resolved(path[detour.end() :] or "/", cwd) if detour else path


def _normal(path: str) -> str:
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept:
            kept.pop()
        elif part not in ("", ".", ".."):
            kept.append(part)
    lead = "" if path[:1] in UNKNOWN else "/"
    return lead + "/".join(kept)


def is_within(path: str, directory: str) -> bool:
    """Tell whether a resolved path is a directory or lies beneath it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def name_of(path: str) -> str:
    """Last component of a path."""
    return path.rstrip("/").rpartition("/")[2]
