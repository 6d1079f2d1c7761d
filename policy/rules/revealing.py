"""Programs that show keys and passwords, or look into other processes."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Deletes, Effect, Finding, Reads, Writes
from policy.rules.matching import when
from policy.shell.options import parse
from policy.vocabulary import named

LOOKS_IN = Finding(Category.SECRETS, "look into another running process")
READS_KEYS = Finding(Category.SECRETS, "read keys or passwords")


def _ssh_keygen(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "fbtCNPmOIznsVDrlwY")
    if options.has("D"):
        yield LOADS
    if options.has("l", "y", "F", "B", "e"):
        yield Reads(tuple(options.all("f")) if options.has("y") else ())
        return
    files = options.all("f") or ["~"]
    yield Writes(tuple(path for path in files if path != "~"))
    if files == ["~"] or any(".ssh" in path for path in files):
        yield Finding(Category.PERSISTENCE, "change ssh keys")


def _gpg(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "roud")
    if any(flag.startswith(("export-secret", "export-ownertrust")) for flag in options.flags):
        yield READS_KEYS
    if any(flag.startswith("delete-") for flag in options.flags):
        yield Deletes((), reason="delete keys")


def _environment(call: Call) -> Iterator[Effect]:
    first = "".join(call.args[:1])
    if re.fullmatch(r"[A-Za-z]*e[A-Za-z]*", first) or first == "-E":
        yield Finding(Category.SECRETS, "look into another running process")


def _shows_variable(call: Call) -> Iterator[Effect]:
    if re.search(r"CONFIRMATION_(?:CODE|TOTP)", call.line()):
        yield Finding(Category.SECRETS, "read the confirmation code", refuse=True)


def _look_into(call: Call) -> Iterator[Effect]:
    if parse(call.args).has("p", "pid"):
        yield Finding(Category.SECRETS, "look into another running process")


LOADS = Finding(Category.CODE, "load code that cannot be read beforehand")

RULES: dict[str, Rule] = {
    **named("gcore jmap jstack", when(LOOKS_IN, r" \d+ ")),
    "kubectl": when(READS_KEYS, r" config view .*--raw"),
    **named("strace ltrace py-spy reptyr perf", _look_into),
    "ssh-keygen": _ssh_keygen,
    **named("gpg gpg2", _gpg),
    "security": when(
        READS_KEYS, r" (?:find-\S*password|dump-keychain|export|unlock-keychain|delete-\S+)"
    ),
    **named("pass gopass", when(READS_KEYS, r" (?:show|[\w./-]+|rm|ls) ")),
    "secret-tool": when(READS_KEYS, r" (?:lookup|search|clear)"),
    "keyring": when(READS_KEYS, r" (?:get|del)"),
    "op": when(READS_KEYS, r" (?:read|item get|document get|get item|inject|signin)"),
    "bw": when(READS_KEYS, r" (?:get|export|list|unlock)"),
    "lpass": when(READS_KEYS, r" (?:show|export)"),
    "vault": when(READS_KEYS, r" (?:kv get|read|token create|print token|login)"),
    "npm": when(
        READS_KEYS,
        r" (?:token (?:list|create|revoke|ls)|config get \S*_?auth\S*|config ls "
        r"-l) ",
    ),
    "heroku": when(READS_KEYS, r" (?:auth:token|config(?::get)?) "),
    "doppler": when(READS_KEYS, r" secrets"),
    "sops": when(READS_KEYS, r" (?:-d|--decrypt|decrypt|exec-env|exec-file) "),
    "age": when(READS_KEYS, r" (?:-d|--decrypt) "),
    "ansible-vault": when(READS_KEYS, r" (?:view|decrypt|edit) "),
    "ssh-add": when(READS_KEYS, r".*"),
    "getent": when(READS_KEYS, r" g?shadow"),
    **named("mimikatz unshadow john hashcat lazagne", when(READS_KEYS, r".*")),
    "ps": _environment,
    "printenv": _shows_variable,
}
"""What reveals secrets, by program."""
