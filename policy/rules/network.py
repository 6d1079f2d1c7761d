"""Programs that speak to hosts: curl, wget, httpie, netcat, openssl, dns tools."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import (
    Category,
    Connects,
    Effect,
    Finding,
    Reads,
    RunsCommand,
    RunsText,
    Saves,
    Writes,
)
from policy.shell.marks import HOLE, LOCAL, UNKNOWN, is_known, typed
from policy.shell.options import Options, parse
from policy.shell.streams import Source, Stream
from policy.vocabulary import named, words_of

REVERSE_SHELL = Finding(Category.CODE, "let another machine run commands here")
DOWNLOAD = Stream(HOLE, Source.DOWNLOAD)

_CURL_VALUED = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"
_CURL_LONG = words_of(
    "request data data-raw data-binary data-urlencode data-ascii json form "
    "form-string upload-file output output-dir header user user-agent url cookie "
    "cookie-jar config proxy max-time connect-timeout retry retry-delay write-out "
    "cacert cert key resolve dump-header referer range interface unix-socket "
    "mail-from mail-rcpt quote engine retry-max-time limit-rate ciphers connect-to "
    "aws-sigv4 oauth2-bearer variable stderr trace trace-ascii netrc-file proto "
    "proto-redir max-redirs speed-time speed-limit etag-save"
)
_WGET_VALUED = "OPoaieBtTwQUADIXRlY"
_WGET_LONG = words_of(
    "output-document directory-prefix output-file input-file post-data "
    "post-file "
    "body-data body-file method header user password user-agent tries timeout "
    "execute use-askpass load-cookies save-cookies referer level domains accept "
    "reject wait config"
)


def _curl(call: Call) -> Iterator[Effect]:
    options = parse(call.args, _CURL_VALUED, _CURL_LONG)
    if call.asks_for_help() or options.has("V", "version", "manual"):
        return
    urls = [*options.operands, *options.all("url")]
    bodies = options.all(
        "d", "data", "data-binary", "data-urlencode", "data-ascii", "json", "F", "form", "data-raw"
    )
    method = (options.all("X", "request") or ["GET"])[-1].upper()
    headers = [one for one in options.all("H", "header") if not one.lower().startswith("auth")]
    told = LOCAL in " ".join((*bodies, *urls, *headers))
    sends = told or bool(options.all("T", "upload-file")) or _sends(call, options)
    for url in urls or [HOLE]:
        yield Connects(typed(url), sends=sends, method=method)
        if url.startswith("file:"):
            yield Reads((url.removeprefix("file://"),))
        if url.startswith(("smtp", "smtps")):
            yield Finding(Category.PUBLISHING, "send mail")
        yield from _posts(typed(url), method, bodies)
    for body in bodies:
        yield from _body(body)
    yield Reads(
        tuple(
            path for one in (*bodies, *options.all("T", "upload-file", "K")) for path in _files(one)
        )
    )
    yield from _saved(options, urls)


def _sends(call: Call, options: Options) -> bool:
    """Tell whether local content goes along: a file, or what comes on standard input."""
    plain = options.all("d", "data", "data-binary", "data-ascii", "json", "data-urlencode")
    forms = options.all("F", "form")
    files = [
        one
        for one in plain
        if one.startswith("@")
        or ("=" not in one.partition("@")[0] and "@" in one and options.all("data-urlencode"))
    ]
    files += [one for one in forms if re.search(r"=[@<]", one)]
    if not files:
        return False
    from_input = all(one.endswith("@-") for one in files)
    return not (from_input and (call.stdin is None or is_known(call.stdin.text)))


def _files(value: str) -> list[str]:
    return [part for part in re.split(r"^@|=@|=<|;|,", value) if part]


def _posts(url: str, method: str, bodies: list[str]) -> Iterator[Effect]:
    """Messages and jobs that another service acts on."""
    if re.search(
        r"hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|api\.telegram\.org"
        r"|api\.sendgrid|mailgun"
        r"|api\.twilio|api\.postmarkapp|outlook\.office\.com/webhook",
        url,
    ) and (bodies or method != "GET"):
        yield Finding(Category.PUBLISHING, "send a message to other people")
    if "api.github.com" in url and "/merge" in url and method == "PUT":
        yield Finding(Category.PUBLISHING, "merge a change")


def _body(body: str) -> Iterator[Effect]:
    text = typed(body)
    if re.search(r"(?i)\b(?:drop|truncate|delete|detach)\b", text):
        plain = [text] if re.match(r"\W*(?i:drop|truncate|delete|alter|with|begin)\b", text) else []
        for part in (
            *plain,
            *re.findall(r'"(?:query|sql|statement|q|stmt)"\s*:\s*"((?:[^"\\]|\\.)*)"', text),
        ):
            yield RunsText("sql", part)
    if re.search(r"submit_confirmation|background_confirmation", text):
        yield Connects("/confirmation")


def _saved(options: Options, urls: list[str]) -> Iterator[Effect]:
    for path in (*options.all("o", "output"), *options.all("D", "dump-header", "c", "cookie-jar")):
        if path != "-":
            yield Writes((path,))
            yield Saves(path, DOWNLOAD)
    directory = (options.all("output-dir") or [""])[0]
    if directory:
        yield Writes((directory + "/x",))
    if options.has("O", "remote-name", "J", "remote-name-all"):
        for url in urls:
            yield Saves((directory + "/" if directory else "") + last_part(url), DOWNLOAD)


def last_part(url: str) -> str:
    """File name that a downloader derives from an address."""
    return typed(url).partition("?")[0].rstrip("/").rpartition("/")[2] or "index.html"


def _wget(call: Call) -> Iterator[Effect]:
    options = parse(call.args, _WGET_VALUED, _WGET_LONG)
    if call.asks_for_help() or options.has("V"):
        return
    method = (options.all("method") or ["GET"])[0].upper()
    files = options.all("post-file", "body-file")
    yield Reads(tuple(files))
    for program in options.all("use-askpass"):
        yield RunsCommand((program,))
    for url in options.operands:
        told = LOCAL in " ".join((url, *options.all("post-data", "body-data", "header")))
        yield Connects(typed(url), sends=bool(files) or told, method=method)
        if not options.has("O", "output-document"):
            prefix = (options.all("P", "directory-prefix") or ["."])[0]
            yield Saves(f"{prefix}/{last_part(url)}", DOWNLOAD)
    for path in options.all("O", "output-document"):
        if path != "-":
            yield Writes((path,))
            yield Saves(path, DOWNLOAD)
    yield Writes(tuple(options.all("P", "directory-prefix", "output-file", "o", "a")))


def _httpie(call: Call) -> Iterator[Effect]:
    options = parse(
        call.args, "aopfA", ("auth", "output", "session", "timeout", "proxy", "auth-type")
    )
    operands = options.operands
    method = operands[0].upper() if operands and re.fullmatch(r"[A-Za-z]+", operands[0]) else "GET"
    urls = operands[1:2] if method != "GET" or operands[:1] in (["GET"], ["get"]) else operands[:1]
    items = operands[2:] if urls == operands[1:2] else operands[1:]
    sends = any("@" in item and not item.startswith("http") for item in items)
    for url in urls:
        yield Connects(
            url if not url.startswith((":", "/")) else f"localhost{url}", sends=sends, method=method
        )
    for path in options.all("o", "output"):
        yield Writes((path,))
        yield Saves(path, DOWNLOAD)


def _aria(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "odixsjk", ("out", "dir", "input-file"))
    directory = (options.all("d", "dir") or ["."])[0]
    yield Writes((directory,))
    names = options.all("o", "out") or [last_part(url) for url in options.operands]
    for name in names:
        yield Saves(f"{directory}/{name}", DOWNLOAD)


def _netcat(call: Call) -> Iterator[Effect]:
    options = parse(
        call.args, "ecpsiwqgGIOTXxmd", ("exec", "sh-exec", "lua-exec", "source-port", "wait")
    )
    for program in options.all("e", "exec", "c", "sh-exec", "lua-exec"):
        yield REVERSE_SHELL
        yield RunsText("bash", program)
    if options.has("z", "h") or call.asks_for_help() or not options.operands:
        return
    fed = call.stdin is not None
    if call.stdin is not None and is_known(call.stdin.text):
        fed = False
        yield RunsText("redis", call.stdin.text)
    if not options.has("l", "listen"):
        yield Connects(options.operands[0], sends=fed)


def _socat(call: Call) -> Iterator[Effect]:
    for word in call.args:
        found = re.match(r"(?:EXEC|SYSTEM|SHELL):[\"']?([^,\"']*)", word, re.IGNORECASE)
        if found:
            yield REVERSE_SHELL
            yield RunsText("bash", found[1])
        if re.match(r"(?:OPEN|CREATE|GOPEN|FILE):", word, re.IGNORECASE):
            yield Writes((re.split(r"[:,]", word)[1],))
    hosts = [
        re.split(r"[:,]", word)[1]
        for word in call.args
        if re.match(r"(?:TCP|TCP4|UDP|OPENSSL|SSL|TCP-CONNECT|TCP6):", word, re.IGNORECASE)
    ]
    for host in hosts:
        yield Connects(host, sends=call.stdin is not None and not call.stdin.is_known)


def _openssl(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        if word == "-connect":
            host = "".join(call.args[index + 1 : index + 2])
            yield Connects(host, sends=call.stdin is not None and not call.stdin.is_known)
        if word == "-out":
            yield Writes(call.args[index + 1 : index + 2])
        if word in ("-engine", "-provider"):
            yield Finding(Category.CODE, "load code that cannot be read beforehand")


def _lookup(call: Call) -> Iterator[Effect]:
    """A name that carries unknown text tells it to whoever answers for the domain."""
    if any("." in word and not UNKNOWN.isdisjoint(word) for word in call.args):
        yield Connects("https://dns.example.org", sends=True)


def _tcpdump(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "zwrFicsCGWyT")
    for program in options.all("z"):
        yield RunsText("bash", program)
    yield Writes(tuple(path for path in options.all("w") if path != "-"))


RULES: dict[str, Rule] = {
    **named("curl curlie", _curl),
    "wget": _wget,
    "wget2": _wget,
    **named("http https httpie xh xhs", _httpie),
    **named("aria2c axel", _aria),
    **named("nc ncat netcat nc.traditional nc.openbsd", _netcat),
    "socat": _socat,
    "openssl": _openssl,
    **named("dig nslookup host drill ping", _lookup),
    "tcpdump": _tcpdump,
}
"""The network, by program."""
