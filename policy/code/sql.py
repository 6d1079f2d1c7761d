"""SQL and other query languages: does a text drop, truncate, delete, flush or reset?"""

import re
from collections.abc import Iterator

from policy.effects import Category, Connects, Effect, Finding, RunsText, Writes
from policy.shell.marks import clean

LOSES_DATA = Finding(Category.DATABASE, "delete data from a database")

MAX_CHARACTERS = 20_000
"""In longer texts strings and comments are read like code."""

_EXECUTABLE_COMMENT = re.compile(r"/\*[!M]\d*(.{0,2000}?)\*/", re.DOTALL)
_QUIET = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|$)|(?<=\n)#[^\n]*|'(?:[^'\\]|''|\\.)*'"
    r"|\"(?:[^\"\\]|\"\"|\\.)*\"|`[^`]*`"
    r"|\[[^\]\n]*\]",
    re.DOTALL,
)
_OBJECT = (
    r"(?:table|tables|database|schema|view|index|column|user|role|function"
    r"|procedure|trigger|sequence|type"
    r"|constraint|tablespace|extension|policy|keyspace|collection"
    r"|materialized|foreign|temporary|temp|owned"
    r"|server|publication|subscription|aggregate|domain|event|partition"
    r"|primary|key|login|synonym|package"
    r"|if|stage|warehouse|stream|task|measurement|series|retention"
    r"|dictionary|operator|cast|rule|language"
    r"|unique|external|global|assembly|credential|master|aggregate"
    r"|application|catalog|cluster|resource)"
)
_DESTROYS = re.compile(
    rf"\bdrop\s+{_OBJECT}\b|(?:^|;|\bbegin\b|\bthen\b|\belse\b|\bdo\b)\s*drop\s+\S"
    r"|\btruncate\s+(?:table\s+|only\s+|partition\s+)?[\w.§]"
    r"|\bdelete\s+(?:low_priority\s+|quick\s+|ignore\s+)*from\b"
    r"|(?:^|;|\bbegin\b|\)|\bthen\b)\s*delete\s+[\w.§]|\bpurge\s+(?:binary"
    r"|master|table|recyclebin|index)\b"
    r"|\breset\s+(?:master|slave|replica|query|persist)\b|\bdrop\s+§"
    r"|\bflush\s+(?:tables|privileges|hosts|logs)\b"
    r"|\bdetach\s+delete\b|\bthen\s+delete\b|\balter\s+table\b[^;]*\b(?:drop|delete\s+where)\b"
    r"|\boptimize\s+table\b[^;]*\bfinal\b"
    r"|\bdbms_scheduler\b|\bxp_cmdshell\b|\bshutdown\s+(?:immediate|abort"
    r"|with)\b|\bto\s+program\b|\bfrom\s+program\b"
    r"|\bsystem\s+drop\b|\bmove\s+partition\b|\bkill\s+(?:query|connection)?\s*\d",
    re.IGNORECASE,
)
_ONLY_EXPLAINED = re.compile(r"\s*explain\s+(?!analy|\(.*analy)", re.IGNORECASE)
_DOLLARS = re.compile(r"\$(\w*)\$(.*?)\$\1\$", re.DOTALL)
_DYNAMIC = re.compile(
    r"\b(?:do(?=\s+')|execute(?:\s+immediate)?|prepare|exec|sp_executesql)\b", re.IGNORECASE
)
_STRING = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_SHELL_LINE = re.compile(
    r"^\s*(?:\\!|\.(?:shell|system)|system|!!?|!(?:sh|run)?|host)[ \t]+(.+)$",
    re.MULTILINE | re.IGNORECASE,
)
_PIPE_LINE = re.compile(
    r"^\s*(?:\\(?:o|g|w|copy\b.*?\bprogram)|\.(?:output|once|import)|pager"
    r"|tee|\\copy\b.*)\s*['\"]?\|?\s*(.+?)['\"]?$",
    re.MULTILINE | re.IGNORECASE,
)
_TO_PROGRAM = re.compile(r"\bprogram\s+'((?:[^']|'')*)'", re.IGNORECASE)
_WRITES_FILE = re.compile(r"(?i)\b(?:writefile\s*\(|into\s+(?:out|dump)file)\s*'([^']*)'")
_REDIS = re.compile(
    r"(?:FLUSHALL|FLUSHDB|DEL|UNLINK|GETDEL|HDEL|XDEL|SREM|ZREM\w*|LREM"
    r"|XTRIM|LTRIM|SPOP|DEBUG|FT\.DROP\w*"
    r"|JSON\.DEL|SCRIPT\s+FLUSH|FUNCTION\s+(?:FLUSH|DELETE)"
    r"|CLUSTER\s+(?:RESET|FLUSHSLOTS)|XGROUP\s+DESTROY"
    r"|CONFIG\s+SET|SLAVEOF|REPLICAOF|SWAPDB|SHUTDOWN|BF\.DEL|TS\.DEL)(?:\s|$)",
    re.IGNORECASE,
)
_MONGO = re.compile(
    r"\.(?:drop(?:Database|Index(?:es)?|User|Role|Collection|AllUsers\w*)?"
    r"|deleteMany|deleteOne|remove"
    r"|findOneAndDelete|findAndModify|bulkWrite|shutdownServer)\s*\("
    r"|\bdropDatabase\b|\bdeleteMany\b",
)
_CYPHER = re.compile(r"\b(?:detach\s+)?delete\b|\bdrop\b|\bremove\b", re.IGNORECASE)


def sql(text: str) -> Iterator[Effect]:
    r"""Effects of SQL, client commands such as `\!` and `.shell` included."""
    for pattern in (_SHELL_LINE,):
        for found in pattern.finditer(text):
            yield RunsText("bash", found[1])
    for found in _PIPE_LINE.finditer(text):
        if "|" in found[0]:
            yield RunsText("bash", found[1])
    for found in _TO_PROGRAM.finditer(text):
        yield RunsText("bash", found[1])
    for found in _WRITES_FILE.finditer(text):
        yield Writes((found[1],))
    if _loses_data(text):
        yield LOSES_DATA


def _loses_data(text: str) -> bool:
    if len(text) > MAX_CHARACTERS:
        return bool(_DESTROYS.search(text))
    text = _EXECUTABLE_COMMENT.sub(r" \1 ", text)
    for found in _DOLLARS.finditer(text):
        if _loses_data(found[2]):
            return True
    bare = _QUIET.sub(_quiet, _DOLLARS.sub("''", text))
    if any(_DESTROYS.search(part) for part in _parts(bare)):
        return True
    return bool(_DYNAMIC.search(bare)) and any(
        _loses_data(found[1].replace("''", "'")) for found in _STRING.finditer(text)
    )


def _parts(bare: str) -> list[str]:
    """Statements, without those that are only explained."""
    return [part for part in bare.split(";") if not _ONLY_EXPLAINED.match(part)]


def _quiet(found: re.Match[str]) -> str:
    """Comments are blanks; quoted names stay as a name, quoted text as an empty text."""
    first = found[0][0]
    if first in "-/#":
        return " "
    return "''" if first == "'" else "§"


def redis(text: str) -> Iterator[Effect]:
    """Effects of Redis commands, one on each line."""
    if re.search(r"(?i)\b(?:set|publish|xadd|[lr]push)\b.*:confirmation\b", text):
        yield Connects("/confirmation")
    if any(
        _REDIS.match(clean(line.strip().strip("\"'"))) for line in re.split(r"[\n;]|\\r\\n", text)
    ):
        yield LOSES_DATA


def mongo(text: str) -> Iterator[Effect]:
    """Effects of code for the MongoDB shell."""
    if _MONGO.search(re.sub(r"//[^\n]*", "", text)):
        yield LOSES_DATA


def cypher(text: str) -> Iterator[Effect]:
    """Effects of Cypher."""
    if _CYPHER.search(_QUIET.sub(_quiet, text)):
        yield LOSES_DATA
