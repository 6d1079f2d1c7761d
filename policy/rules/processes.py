"""Ending processes, services and terminal sessions."""

from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding, Kills, RunsCommand, RunsText
from policy.rules.matching import when
from policy.shell.options import parse
from policy.vocabulary import named, words_of

_SERVICE_STOPS = frozenset(
    words_of(
        "stop restart kill reload-or-restart try-restart force-reload isolate "
        "condrestart force-stop graceful-stop forcestop onestop"
    )
)


_SERVICE_CHANGES = frozenset(
    words_of(
        "disable mask unmask poweroff reboot halt kexec suspend hibernate hybrid-sleep "
        "rescue emergency set-default revert set-property daemon-reexec soft-reboot "
        "exit switch-root preset-all"
    )
)


_SERVICE_INSTALLS = frozenset(words_of("enable link edit preset add-wants add-requires start"))


SYSTEM = Finding(Category.SYSTEM, "change the machine itself")


def _kill(call: Call) -> Iterator[Effect]:
    if call.asks_for_help() or not call.args:
        return
    first = call.args[0]
    asks = first in ("-0", "-l", "-L", "--list", "--table", "-V", "-h") or call.args[:2] in (
        ("-s", "0"),
        ("-n", "0"),
        ("-s", "EXIT"),
        ("--signal", "0"),
    )
    if not asks:
        yield Kills()


def _kills(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help() and call.args[:1] not in (("-l",), ("-0",), ("-V",), ("--list",)):
        yield Kills()


def _fuser(call: Call) -> Iterator[Effect]:
    if parse(call.args, "nNM").has("k", "kill"):
        yield Kills()


def _tmux(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "LSfct", stop=True)
    for text in options.all("c"):
        yield RunsText("bash", text)
    operands = options.operands
    verb, rest = "".join(operands[:1]), operands[1:]
    if verb.startswith(("kill-", "killp", "killw", "killse")) or verb in (
        "respawn-pane",
        "respawn-window",
    ):
        yield Kills("close a terminal session")
    elif verb in (
        "new-session",
        "new",
        "split-window",
        "neww",
        "new-window",
        "run-shell",
        "run",
        "splitw",
    ):
        words = parse(rest, "cnstFxye").operands
        yield RunsText("bash", " ".join(words))
    elif verb in ("send-keys", "send"):
        words = [w for w in parse(rest, "tN").operands if w not in ("Enter", "C-m")]
        yield RunsText("bash", " ".join(words))


def _screen(call: Call) -> Iterator[Effect]:
    words = list(call.args)
    if "-X" in words:
        rest = words[words.index("-X") + 1 :]
        if rest[:1] in (["quit"], ["kill"]):
            yield Kills("close a terminal session")
        elif rest[:1] in (["stuff"], ["exec"]):
            yield RunsText("bash", " ".join(rest[1:]))
        return
    operands = parse(
        [w for w in words if w not in ("-dm", "-dmS", "-d", "-m", "-D", "-Dm")], "SctTeshL"
    ).operands
    named = "-dmS" in words
    yield RunsCommand(tuple(operands[1:] if named else operands))


def _service(call: Call) -> Iterator[Effect]:
    """`systemctl VERB UNIT`, `service NAME VERB`, `rc-service`, `supervisorctl`, `pm2`."""
    words = set(parse(call.args, "tpnHM").operands)
    if call.program == "service" and "/" in "".join(call.args[:1]):
        yield RunsCommand(call.args)
    if words & _SERVICE_STOPS:
        yield Finding(Category.PROCESSES, "stop a service")
    elif words & _SERVICE_CHANGES:
        yield SYSTEM
    elif words & _SERVICE_INSTALLS and call.program == "systemctl":
        installs = words & (_SERVICE_INSTALLS - {"start"})
        if installs:
            yield Finding(Category.PERSISTENCE, "change what starts with the machine")


RULES: dict[str, Rule] = {
    "kill": _kill,
    **named(
        "pkill killall skill xkill killall5 fkill fkill-cli kill-port tree-kill slay "
        "taskkill tskill pskill snice wkill portkill",
        _kills,
    ),
    "fuser": _fuser,
    "tmux": _tmux,
    "tmate": _tmux,
    "byobu": _tmux,
    "screen": _screen,
    **named(
        "systemctl service rc-service supervisorctl initctl sv svc s6-svc invoke-rc.d "
        "monit rcctl brew-services",
        _service,
    ),
    **named(
        "pm2 forever",
        when(
            Finding(Category.PROCESSES, "stop a service"),
            r" (?:stop|restart|delete|del|kill|reload|stopall|scale) ",
        ),
    ),
    "launchctl": when(
        Finding(Category.PROCESSES, "stop a service"),
        r" (?:stop|unload|bootout|kill|remove|load|bootstrap|submit|disable"
        r"|enable) ",
    ),
    **named(
        "nginx caddy haproxy",
        when(Finding(Category.PROCESSES, "stop a service"), r" (?:-s (?:stop|quit)|stop) "),
    ),
    **named(
        "apachectl apache2ctl pg_ctl pg_ctlcluster rabbitmqctl catalina.sh httpd nodetool",
        when(
            Finding(Category.PROCESSES, "stop a service"),
            r" (?:stop|graceful-stop|restart|kill|stop_app|shutdown|stopdaemon"
            r"|promote) ",
        ),
    ),
    "mysqladmin": when(Finding(Category.PROCESSES, "stop a service"), r" (?:shutdown|kill) "),
    "lsof": when(Finding(Category.PROCESSES, "stop running processes"), r" --kill "),
}
"""Processes, by program."""
