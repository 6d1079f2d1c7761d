"""Code hosts: `gh`, `glab`, `hub`."""

from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding
from policy.rules.matching import all_of, first_verb, when
from policy.shell.options import parse
from policy.vocabulary import named

DELETES = Finding(Category.GIT, "delete something on the code host")
RELEASES = Finding(Category.PUBLISHING, "publish a release")
MERGES = Finding(Category.PUBLISHING, "merge a change")
SENDS = Finding(Category.SECRETS, "send local files to another machine")
RUNS = Finding(Category.MACHINES, "run something on another machine")
CHANGES = Finding(Category.MACHINES, "change settings on the code host")
READS_KEYS = Finding(Category.SECRETS, "read keys or passwords")


def _api(call: Call) -> Iterator[Effect]:
    """`gh api -X METHOD PATH`."""
    options = parse(call.args, "XfFHqt", ("method", "field", "raw-field", "header", "input", "jq"))
    if options.operands[:1] != ["api"]:
        return
    method = "".join(options.all("X", "method")[-1:]).upper()
    path = options.operands[-1]
    if method == "DELETE":
        yield DELETES
    elif path.endswith(("/merge", "/merges")):
        yield MERGES
    elif path.endswith("/releases") and (method == "POST" or options.has("f", "F", "field")):
        yield RELEASES
    elif path.endswith(("/dispatches", "/rerun")):
        yield RUNS


_RULE = all_of(
    _api,
    first_verb(
        DELETES, r"\S+ (?:delete|remove|archive|rename|delete-asset|delete-file|unlink)|delete"
    ),
    first_verb(RELEASES, r"release (?:create|edit|upload)"),
    first_verb(MERGES, r"(?:pr|mr) merge|merge"),
    first_verb(
        RUNS, r"workflow run|run (?:rerun|cancel)|ci (?:run|trigger|retry|cancel)|codespace \S+"
    ),
    first_verb(SENDS, r"(?:gist|snippet) (?:create|edit)"),
    first_verb(
        CHANGES,
        r"(?:secret|variable) (?:set|update)|(?:ssh-key|gpg-key) add|extension install"
        r"|repo (?:create|fork|sync|edit|deploy-key)|workflow (?:disable|enable)",
    ),
    when(READS_KEYS, r" auth token| auth status .*(?:-t|--show-token)|config get .*token"),
)

RULES: dict[str, Rule] = named("gh glab hub", _RULE)
"""Code hosts, by program."""
