"""git's configuration: keys whose value git runs as a program."""

import re
from collections.abc import Iterator

from policy.effects import Category, Effect, Finding, RunsText
from policy.environment import CHANGES_PROGRAMS, is_program_harmless

INSTALLS = Finding(Category.PERSISTENCE, "change which programs git runs by itself")

_EXECUTABLE = re.compile(
    r"core\.(?:pager|editor|sshcommand|hookspath|fsmonitor|askpass|gitproxy|alternaterefscommand"
    r"|attributesfile|worktree)|pager\..+|sequence\.editor|credential\.(?:.+\.)?helper"
    r"|diff\.external|(?:diff|merge)\..+\.(?:command|textconv|driver)"
    r"|filter\..+\.(?:clean|smudge|process)"
    r"|(?:difftool|mergetool|browser|man|guitool)\..+\.(?:cmd|path)|gpg\.(?:.+\.)?program"
    r"|interactive\.difffilter|sendemail\..*cmd|uploadpack\.packobjectshook"
    r"|remote\..+\.(?:uploadpack"
    r"|receivepack|vcs|proxy)|submodule\..+\.update|init\.templatedir"
    r"|include\.path|includeif\..+\.path"
    r"|url\..+\.insteadof|trailer\..+\.(?:command|cmd)|tar\..+\.command"
    r"|web\.browser|protocol\.ext\.allow"
    r"|receive\..*hook|http\.(?:proxy|sslverify-no)",
    re.IGNORECASE,
)
_BUILT_IN_HELPERS = re.compile(
    r"(?:cache|manager(?:-core)?|osxkeychain|store|libsecret|wincred)\b.*"
)


def configured(setting: str, command: list[str]) -> Iterator[Effect]:
    """`git -c KEY=VALUE COMMAND`: the value may be run at once."""
    key, _, value = setting.partition("=")
    if key.lower().startswith("alias.") and command[:1] == [key.partition(".")[2]]:
        yield _alias(value, command[1:])
    elif key.lower() == "clean.requireforce":
        return
    elif _EXECUTABLE.fullmatch(key) and not _is_harmless(key, value):
        yield CHANGES_PROGRAMS
        yield RunsText("bash", value.lstrip("!"))


def _alias(value: str, args: list[str]) -> RunsText:
    text = value[1:] if value.startswith("!") else f"git {value}"
    return RunsText("bash", " ".join((text, *args)))


def stored(key: str, value: str) -> Iterator[Effect]:
    """`git config KEY VALUE`: git will run the value later."""
    if key.lower().startswith("alias."):
        if value.startswith("!"):
            yield INSTALLS
    elif _EXECUTABLE.fullmatch(key) and not _is_harmless(key, value):
        yield INSTALLS


def _is_harmless(key: str, value: str) -> bool:
    lowered = key.lower()
    if value in ("", "false", "true", "0", "1", "/dev/null"):
        return lowered != "protocol.ext.allow"
    if lowered.startswith("credential"):
        return bool(_BUILT_IN_HELPERS.fullmatch(value))
    if lowered.endswith(".insteadof"):
        return not value.startswith("ext::") and "ext::" not in key
    if lowered.startswith("http."):
        return True
    if lowered in ("core.fsmonitor", "core.hookspath", "init.templatedir", "core.attributesfile"):
        return False
    return is_program_harmless(value)
