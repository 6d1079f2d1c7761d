"""What is looked at in every call, whatever the program: secrets named, hosts named."""

import re
from collections.abc import Iterator

from policy.calls import Call
from policy.effects import Connects, Effect, Reads, RunsCommand, Writes
from policy.shell.marks import typed
from policy.vocabulary import words_of

_ONLY_NAMES = frozenset(
    words_of(
        "echo printf ls ll stat test [ find fd locate which type command du tree "
        "basename dirname realpath readlink touch mkdir rm rmdir chmod chown cd pushd "
        "export set declare local git true false : ssh-keygen ssh-add rg jq man help "
        "alias unset eval exec source . trap env file "
        "docker podman namei"
    )
)
_MAYBE_SECRET = re.compile(
    r"ssh|aws|netrc|shadow|environ|credential|gnupg|kube|docker|id_[rde]"
    r"|pgpass|npmrc|pypirc|secret|keyring"
    r"|my\.cnf|azure|gcloud|hosts\.yml|vault|password|keychain|private|\.p12"
    r"|\.key|privkey|\.pfx|\.jks|\.pem|keystore|kdbx|sudoers"
    r"|history|cookies|Cookies|Login Data|key[34]\.db|logins|/mem|kcore"
    r"|master\.passwd|s3cfg|boto|claude|codex|kmem"
    r"|terraform\.d|rclone|wallet|krb5|maps|/proc/|\.fly|stripe|netlify"
    r"|openai|anthropic|ppk|electrum|\.gem|\.cargo"
)
_SHOWS = frozenset(
    words_of("cat less more head tail bat batcat nl tac strings xxd od hexdump base64 curl nc")
)
_OUTPUT = re.compile(
    r"-o|--(?:out|output|outfile|output-file|output-dir|out-dir|outdir|output-path|dest|destination"
    r"|pack-destination|target-dir|log-file|logfile|save-to|export-to|download-dir|dist-dir)"
)
_OTHER_OUTPUT = frozenset(
    words_of("ssh scp sftp grep egrep rg ps mount set ls sort gcc apt apt-get")
)
_PARTS = re.compile(r"[=@:,]|file://")
_CONFIRMS = re.compile(
    r"/confirmations?\b|/background-confirmation"
    r"|submit_background_confirmation|submit_confirmation"
)
_SENDERS = frozenset(words_of("curl wget http https xh httpie aria2c nc ncat"))


def every_call(call: Call) -> Iterator[Effect]:
    """Effects that follow from the words of any call."""
    line = call.line()
    if call.program not in _ONLY_NAMES and _MAYBE_SECRET.search(line):
        yield Reads(tuple(_paths(call)), shows=call.program in _SHOWS)
    if "169.254" in line or "metadata" in line:
        for word in call.args:
            if call.program not in _ONLY_NAMES and re.search(
                r"169\.254\.169\.254|://metadata", word
            ):
                yield Connects(typed(word))
    if call.program in _SENDERS and _CONFIRMS.search(line) and "GET /health" not in line:
        yield Connects("/confirmation")
    yield from _written(call)
    if "/init.d/" in call.path:
        yield RunsCommand(("service", call.program, *call.args))


def _written(call: Call) -> Iterator[Effect]:
    """Files that options for output name, in whatever program: `-o /x`, `--out-dir=/x`."""
    if call.program in _ONLY_NAMES or call.program in _OTHER_OUTPUT:
        return
    for index, word in enumerate(call.args):
        name, equals, value = word.partition("=")
        if _OUTPUT.fullmatch(name):
            value = value if equals else "".join(call.args[index + 1 : index + 2])
            if value.startswith(("/", "../")):
                yield Writes((value,))


def _paths(call: Call) -> list[str]:
    """Words, and parts of words, that may be the path of a file."""
    words = list(call.args)
    if call.program in ("grep", "egrep", "fgrep", "rg", "ag", "sed", "awk", "jq", "zgrep"):
        plain = [word for word in words if not word.startswith("-")]
        words = plain[1:]
    paths: list[str] = []
    for word in words:
        paths.append(word)
        if _PARTS.search(word):
            paths += [part for part in _PARTS.split(word) if part]
    return paths
