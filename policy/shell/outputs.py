r"""What programs print, where their words and input alone decide it.

So `$(echo rm)`, `printf '\162\155'` and `base64 -d <<< cm0K | sh` are read as what they run.
"""

import re
from collections.abc import Callable

from policy.calls import Call
from policy.shell import escapes
from policy.shell.decoders import DECODERS
from policy.shell.filters import FILTERS
from policy.shell.marks import HOLE, LOCAL, active, is_known, typed
from policy.shell.options import parse
from policy.shell.paths import name_of, resolved
from policy.shell.streams import SILENCE, Source, Stream
from policy.vocabulary import words_of

_DIRECTIVE = re.compile(r"%(%|[-+ #0]*\d*(?:\.\d+)?([sbdiuxXocq]))|((?:[^%\\]|\\.)+)", re.DOTALL)
_INTEGER = re.compile(r"0[xX][0-9a-fA-F]+|-?\d+")
_SHELL_SETTINGS = re.compile(
    r"\S+ completion \w+|(?:ssh-agent|gpg-agent|dircolors|lesspipe|keychain)\b"
    r"|perl -I\S+ -Mlocal::lib|"
    r"(?:pyenv|rbenv|nodenv|goenv|jenv|direnv|starship|zoxide|mise|rtx|fnm|opam|conda|mamba|"
    r"micromamba|brew|minikube|docker-machine|poetry|luarocks|register-python-argcomplete) "
    r"(?:\S+ )*(?:init|hook|env|activate|shellenv|completion|virtualenv-init"
    r"|shell\.\w+|docker-env)\b"
)
_SILENT = frozenset(
    words_of(
        ": true false cd export unset set shift test [ mkdir touch sleep wait trap "
        "declare local readonly typeset alias unalias shopt pushd popd umask ulimit "
        "read return exit"
    )
)
_DOWNLOADERS = frozenset(
    words_of(
        "curl wget fetch http https httpie xh lynx w3m links aria2c axel nc ncat netcat "
        "GET lwp-request ssh sftp ftp tftp dig host drill telnet socat gh gsutil aws"
    )
)
_LOCAL = Stream(LOCAL)
_SHOWS_LOCAL = frozenset(
    words_of(
        "env printenv set base64 base32 xxd od hexdump head tail grep sed awk tar gzip "
        "zip jq yq less strings bat cut sort tac nl history ps crontab"
    )
)
_UNCHANGED = frozenset(words_of("tee dd pv buffer sponge stdbuf unbuffer iconv"))


def output_of(call: Call) -> Stream | None:
    """What a call prints; None when its words and input do not tell."""
    if call.program in _SILENT:
        return SILENCE
    if call.program in _PRINTERS:
        return _PRINTERS[call.program](call)
    if call.program in _DOWNLOADERS:
        return Stream(HOLE, Source.DOWNLOAD)
    if call.program in DECODERS and (decoded := DECODERS[call.program](call)) is not None:
        return Stream(decoded, Source.DECODED)
    if _SHELL_SETTINGS.match(f"{call.program} {call.line()}"):
        return SILENCE
    return _filtered(call)


def _filtered(call: Call) -> Stream | None:
    """Output of a program that works on its input."""
    if call.stdin is None:
        return _LOCAL if call.program in _SHOWS_LOCAL else None
    if call.program in _UNCHANGED:
        return call.stdin
    text = None
    if call.program in FILTERS and call.stdin.is_known:
        text = FILTERS[call.program](call, call.stdin.text)
    if text is not None:
        return Stream(text, call.stdin.source)
    source = Source.PROGRAM if call.stdin.source is Source.FILE else call.stdin.source
    is_local = LOCAL in call.stdin.text or call.program in _SHOWS_LOCAL
    return Stream(LOCAL if is_local else HOLE, source)


def printed(args: tuple[str, ...]) -> str:
    """What `printf` prints for a format and its arguments."""
    form, values = (typed(args[0]), [typed(arg) for arg in args[1:]]) if args else ("", [])
    output: list[str] = []
    for _ in range(len(values) + 1):
        before = len(values)
        output.append(_formatted(form, values))
        if not values or len(values) == before:
            break
    return "".join(output)


def _formatted(form: str, values: list[str]) -> str:
    """One pass over the format, taking from `values`."""
    parts: list[str] = []
    for found in _DIRECTIVE.finditer(form):
        if found[3] is not None:
            parts.append(escapes.decode(found[3]))
        elif found[1] == "%":
            parts.append("%")
        else:
            parts.append(_converted(found[2], values.pop(0) if values else "", found[1]))
    return "".join(parts)


def _converted(letter: str, value: str, directive: str) -> str:
    if not is_known(value):
        return HOLE
    match letter:
        case "s" | "q":
            precision = re.search(r"\.(\d+)", directive)
            return value[: int(precision[1])] if precision else value
        case "b":
            return escapes.decode(value)
        case "c":
            return value[:1]
        case _:
            return _number(letter, value)


def _number(letter: str, value: str) -> str:
    if value[:1] in "'\"" and len(value) > 1:
        value = str(ord(value[1]))
    if not _INTEGER.fullmatch(value) or len(value) > 20:
        return "0"
    number = int(value, 0) if value.lower().startswith("0x") else int(value)
    return format(number, letter if letter in "xXo" else "d")


def _echo(call: Call) -> Stream:
    args = list(call.args)
    options = ""
    while args and re.fullmatch(r"-[neE]+", args[0]):
        options += args.pop(0)
    text = typed(" ".join(args))
    text = escapes.decode(text) if "e" in options else text
    return Stream(text if "n" in options else text + "\n")


def _printf(call: Call) -> Stream:
    args = call.args[1:] if call.args[:1] == ("--",) else call.args
    return SILENCE if args[:1] == ("-v",) else Stream(printed(args))


def _cat(call: Call) -> Stream | None:
    operands = parse(call.args).operands or ["-"]
    output = SILENCE
    for operand in operands:
        output += _content(call, operand)
    return output


def _content(call: Call, operand: str) -> Stream:
    if operand in ("-", "/dev/stdin"):
        if call.stdin is None:
            return SILENCE
        return _LOCAL if call.stdin.source is Source.FILE else call.stdin
    if operand == "/dev/null":
        return SILENCE
    return call.files.get(resolved(operand, call.cwd), _LOCAL)


def _where(call: Call) -> Stream:
    names = [name_of(name) for name in parse(call.args).operands]
    return Stream("".join(f"/usr/bin/{name}\n" for name in names))


def _command(call: Call) -> Stream | None:
    return _where(call) if call.args[:1] in (("-v",), ("-V",)) else None


def _type(call: Call) -> Stream | None:
    return _where(call) if set(call.args[:1]) & {"-p", "-P"} else None


def _pwd(call: Call) -> Stream:
    return Stream(call.cwd + "\n")


def _mktemp(_: Call) -> Stream:
    return Stream(f"/tmp/tmp.{HOLE}\n")  # noqa: S108 - the text that mktemp prints


def _realpath(call: Call) -> Stream:
    operands = parse(call.args).operands or ["."]
    return Stream("".join(resolved(operand, call.cwd) + "\n" for operand in operands))


def _find(call: Call) -> Stream | None:
    """What `find` prints ends in the name it looks for."""
    for option, name in zip(call.args, call.args[1:], strict=False):
        if option in ("-name", "-iname"):
            return Stream(f"{HOLE}/{active(name)}\n")
    return None


def _basename(call: Call) -> Stream:
    path, *suffixes = [*parse(call.args, "s").operands, ""]
    name = name_of(path)
    return Stream((name.removesuffix(suffixes[0]) if suffixes else name) + "\n")


def _dirname(call: Call) -> Stream:
    operands = parse(call.args).operands or [""]
    return Stream((operands[0].rstrip("/").rpartition("/")[0] or ".") + "\n")


_PRINTERS: dict[str, Callable[[Call], Stream | None]] = {
    "echo": _echo,
    "printf": _printf,
    "cat": _cat,
    "which": _where,
    "command": _command,
    "type": _type,
    "pwd": _pwd,
    "mktemp": _mktemp,
    "realpath": _realpath,
    "readlink": _realpath,
    "find": _find,
    "basename": _basename,
    "dirname": _dirname,
}
