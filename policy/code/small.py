"""Effects of small languages: awk, sed, vim and debugger commands, Makefiles, package.json."""

import json
import re
from collections.abc import Iterator

from policy.code.literals import LITERAL, cut
from policy.code.tokens import UNREADABLE
from policy.effects import Effect, RunsText, Writes

_AWK_SYSTEM = re.compile(r"\bsystem\s*\(([^)]*)\)")
_AWK_PIPE_OUT = re.compile(rf"\|&?\s*{LITERAL}")
_AWK_PIPE_IN = re.compile(rf"{LITERAL}\s*\|&?\s*getline")
_AWK_FILE = re.compile(rf"\bprintf?\b[^;}}\n]*>>?\s*{LITERAL}")
_SED_EXECUTE = re.compile(
    r"(?:^|[;{}\n]|\d|\$|/)\s*e\s*([^;}\n]*)|s([/|,#:@])(?:\\."
    r"|(?!\2).)*\2((?:\\.|(?!\2).)*)\2[gpiIm\d]*e"
)
_SED_WRITE = re.compile(r"(?:^|[;{}\n]|\d|\$|/[gpI\d]*)\s*[wW]\s+(\S+)")
_VIM_SHELL = re.compile(
    r"(?m)(?:^|[|: \t])!+[ \t]*([^\n]+)|\bsystem(?:list)?\(\s*['\"](.*?)['\"]\s*[,)]"
)
_VIM_LANGUAGES = {"lua": "lua", "py": "python", "python": "python", "perl": "perl", "ruby": "ruby"}
_VIM_LANGUAGE = re.compile(r"(?m)(?:^|:|\|)[ \t]*(lua|py|python|perl|ruby)(?:3x?|x)?\s+([^\n]+)")
_VIM_WRITE = re.compile(r"(?m)(?:^|\||:)[ \t]*(?:w|wq|write|saveas|r)!?\s+([^\s|!]+)")
_VIM_DELETE = re.compile(r"\bdelete\(\s*['\"]|\bos\.(?:remove|system)|:Delete\b|\bpy3?x?\s+.*")
_DEBUGGER_SHELL = re.compile(
    r"^\s*(?:shell|!|make|pipe|platform shell|process launch)\s*(.+)", re.MULTILINE
)
_DEBUGGER_PYTHON = re.compile(r"^\s*(?:python|py|script)\s+(.+)", re.MULTILINE | re.DOTALL)
_DEBUGGER_CALL = re.compile(r"\b(?:call|print|p|expr(?:ession)?)\b.*\bsystem\s*\(\s*\"(.*?)\"")
_TARGET = re.compile(r"([^\s:#=][^:#=]*?)\s*::?(?!=)\s*([^;#\n]*)(?:;\s*(.*))?")
_VARIABLE = re.compile(r"(?m)^\s*(?:export\s+)?(\w+)\s*[:?+]?=\s*(.*)$")


def _texts(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.finditer(text):
        yield from (group for group in found.groups() if group)


def awk(text: str) -> Iterator[Effect]:
    """Effects of an awk program."""
    code = cut(text, "#")
    for found in _AWK_SYSTEM.finditer(code.bare):
        command = "".join(code.inside(found[1]))
        yield RunsText("bash", command) if command else UNREADABLE
    for found in _AWK_PIPE_OUT.finditer(code.bare):
        yield RunsText("bash", f"awk | {code.inside(found[0])[0]}")
    for found in _AWK_PIPE_IN.finditer(code.bare):
        yield RunsText("bash", code.inside(found[0])[0])
    for found in _AWK_FILE.finditer(code.bare):
        yield Writes((code.inside(found[0])[-1],))


def sed(text: str) -> Iterator[Effect]:
    """Effects of a sed script."""
    for found in _SED_EXECUTE.finditer(text):
        command = found[1] if found[1] is not None else found[3]
        yield RunsText("bash", command.replace("\\/", "/"))
    for path in _texts(_SED_WRITE, text):
        yield Writes((path,))


def vim(text: str) -> Iterator[Effect]:
    """Effects of commands for vim, ex or ed."""
    for language, code in _VIM_LANGUAGE.findall(text):
        yield RunsText(_VIM_LANGUAGES[language], code)
    for command in _texts(_VIM_SHELL, text):
        yield RunsText("bash", command)
    for path in _texts(_VIM_WRITE, text):
        yield Writes((path,))
    for found in _VIM_DELETE.finditer(text):
        yield RunsText("python", found[0].partition(" ")[2])
        if found[0].startswith(("delete(", ":Delete")):
            yield RunsText("bash", "rm unknown")


def debugger(text: str) -> Iterator[Effect]:
    """Effects of commands for gdb or lldb."""
    for pattern in (_DEBUGGER_SHELL, _DEBUGGER_CALL):
        for command in _texts(pattern, text):
            yield RunsText("bash", command)
    for code in _texts(_DEBUGGER_PYTHON, text):
        yield RunsText("python", code)


def makefile(text: str, goals: tuple[str, ...]) -> Iterator[Effect]:
    """Effects of making some goals, or the first one, of a Makefile."""
    recipes, needs, order = _rules(text)
    variables = dict(_VARIABLE.findall(text))
    waiting, seen = list(goals) or order[:1], set[str]()
    while waiting:
        goal = waiting.pop()
        if goal in seen:
            continue
        seen.add(goal)
        waiting += needs.get(goal, [])
        for line in recipes.get(goal, []):
            yield RunsText("bash", _made(line, variables))


def _rules(text: str) -> tuple[dict[str, list[str]], dict[str, list[str]], list[str]]:
    """Recipe lines and prerequisites by target, and targets in order."""
    recipes: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    order: list[str] = []
    current: list[str] = []
    for line in text.replace("\\\n", " ").split("\n"):
        if line.startswith("\t"):
            for target in current:
                recipes.setdefault(target, []).append(line)
        elif found := _TARGET.match(line):
            current = found[1].split()
            order += [target for target in current if not target.startswith(".")]
            for target in current:
                needs.setdefault(target, []).extend(found[2].split())
                recipes.setdefault(target, []).extend([found[3]] if found[3] else [])
    return recipes, needs, order


def _made(line: str, variables: dict[str, str]) -> str:
    """A recipe line as the shell gets it."""
    line = line.strip().lstrip("@-+").replace("$$", "\x01")
    line = re.sub(
        r"\$[({](\w+)[)}]", lambda found: variables.get(found[1], f"${{{found[1]}}}"), line
    )
    line = line.replace("${RM}", "rm -f").replace("${MAKE}", "make").replace("$@", "target")
    return line.replace("\x01", "$")


def package(text: str, names: tuple[str, ...]) -> Iterator[Effect]:
    """Effects of running scripts of a package.json."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return
    scripts = content.get("scripts") if isinstance(content, dict) else None
    for name in names:
        for hook in (f"pre{name}", name, f"post{name}"):
            command = scripts.get(hook) if isinstance(scripts, dict) else None
            if isinstance(command, str):
                yield RunsText("bash", command)
