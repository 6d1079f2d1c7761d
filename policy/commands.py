"""Must a person give the code before this command runs? `judge` answers for a bash text.

The policy is the seed's list read by effect, not by spelling (`docs/policy.md`). The text is read,
never run: everything it would run is unfolded in imagination (`policy.engine`), each program's
rule says what it does (`policy.rules`), and what is done is weighed (`policy.consequences`).

- *run*: nothing on the list, as far as the text shows. What it does not show (`make`, `./run.sh`)
  is the sandbox's job.
- *confirm*: on the list, or not readable (too long, too deep, hidden).
- *refuse*: no code allows it: deleting a home or a system directory, formatting or overwriting a
  disk, fork bombs, answering its own confirmation. `sudo` stays a question, as the seed promised,
  although it cannot work inside the walls.
"""

from models.steps import Verdict, VerdictDecision
from policy.consequences import Consequences, Mode
from policy.effects import Category, Finding
from policy.engine import Engine
from policy.limits import ExhaustedError
from policy.places import Places
from policy.rules.table import rules
from policy.shell.marks import clean
from policy.shell.scope import Origin, Scope

__all__ = ["MAX_CHARACTERS", "Mode", "judge"]

MAX_CHARACTERS = 100_000
"""Longer commands are not read: they need a code."""
MAX_REASONS = 3
"""Reasons that one verdict names."""

_TOO_LONG = Finding(Category.CODE, "run a command too long to be read")
_NOT_READ = Finding(Category.CODE, "run a command that could not be read")
_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def judge(command: str, *, mode: Mode = Mode.SEED, workspace: str = "/workspace") -> Verdict:
    """Judge a command that would run with `workspace` as its current directory; never raises."""
    whole = Origin(0, len(command))
    if len(command) > MAX_CHARACTERS:
        return _verdict([(_TOO_LONG, whole)])
    if "\0" in command:
        return _verdict([(_NOT_READ, whole)])
    places = Places(workspace.rstrip("/") or "/", _home_of(workspace))
    engine = Engine(rules(), Consequences(places, mode))
    try:
        engine.run_text(clean(command), _first_scope(places), whole)
    except ExhaustedError:
        return _verdict(engine.found)
    except Exception:  # a judge that fails must ask, whatever went wrong
        engine.found.append((_NOT_READ, whole))
    return _verdict(engine.found)


def _home_of(workspace: str) -> str:
    """Home directory that a workspace lies in, or the one inside the walls."""
    parts = workspace.split("/")
    if parts[1:2] == ["root"]:
        return "/root"
    return (
        "/".join(parts[:3])
        if parts[1:2] in (["home"], ["Users"]) and len(parts) > 3
        else "/home/user"
    )


def _first_scope(places: Places) -> Scope:
    """A fresh shell, with the variables whose value is the same everywhere."""
    values = {
        "HOME": places.home,
        "PWD": places.workspace,
        "IFS": " \t\n",
        "TMPDIR": "/tmp",  # noqa: S108 - what the sandbox sets
        "SHELL": "/bin/bash",
        "BASH": "/bin/bash",
        "PATH": _SEARCH_PATH,
        "PYTHON": "python3",
        "PYTHON3": "python3",
        "CC": "cc",
        "CXX": "c++",
        "MAKE": "make",
        "PIP": "pip",
        "NODE": "node",
        "NPM": "npm",
        "GO": "go",
        "CARGO": "cargo",
    }
    variables: dict[str, tuple[str, ...]] = {name: (value,) for name, value in values.items()}
    return Scope(places.home, places.workspace, variables=variables, exported=set(values))


def _verdict(found: list[tuple[Finding, Origin]]) -> Verdict:
    """The gravest decision, every category, and reasons in the order found."""
    if not found:
        return Verdict(decision=VerdictDecision.RUN)
    refused = [one for one in found if one[0].refuse]
    findings = [finding for finding, _ in refused or found]
    reasons = list(dict.fromkeys(finding.reason for finding in findings))[:MAX_REASONS]
    _, origin = (refused or found)[0]
    return Verdict(
        decision=VerdictDecision.REFUSE if refused else VerdictDecision.CONFIRM,
        categories=list(dict.fromkeys(finding.category.value for finding, _ in found)),
        reason=" and ".join(reasons),
        span=(origin.start, origin.end),
    )
