"""Permissions of files, rights of other users, user accounts."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, ChangesMode, Effect, Finding, RunsCommand, RunsText
from policy.rules.matching import always, when
from policy.shell.marks import typed
from policy.shell.options import parse
from policy.vocabulary import named

RIGHTS = Finding(Category.PRIVILEGE, "act with another user's rights")


ACCOUNTS = Finding(Category.PRIVILEGE, "change user accounts")


PERMISSIONS = Finding(Category.PERMISSIONS, "change file permissions")


def _chmod(call: Call) -> Iterator[Effect]:
    if call.asks_for_help():
        return
    args = [word for word in call.args if not re.fullmatch(r"-[rwxXst]+", word)]
    options = parse(args, "", ("reference",))
    minus = next((word for word in call.args if word not in args), None)
    operands = [minus, *options.operands] if minus else options.operands
    if options.has("reference"):
        operands = ["", *operands]
    yield ChangesMode(tuple(str(word) for word in operands[1:]), typed(str((operands or [""])[0])))


def _sudo(call: Call) -> Iterator[Effect]:
    if call.asks_for_help() or call.args in (("-V",), ("-h",)):
        return
    yield RIGHTS
    options = parse(
        call.args, "ugpChrtTDRU", ("user", "group", "prompt", "host", "chdir"), stop=True
    )
    words = options.operands
    while words and re.match(r"[A-Za-z_]\w*=", words[0]):
        words = words[1:]
    if words:
        yield RunsCommand(tuple(words))


def _su(call: Call) -> Iterator[Effect]:
    if call.asks_for_help():
        return
    yield RIGHTS
    for text in parse(call.args, "csgwG", ("command", "shell")).all("c", "command"):
        yield RunsText("bash", text)


def _changed_root(call: Call) -> Iterator[Effect]:
    if call.asks_for_help():
        return
    yield RIGHTS
    operands = parse(call.args, "tugSGrw", ("target", "userspec", "groups"), stop=True).operands
    skipped = (
        1
        if call.program in ("chroot", "setpriv-chroot", "gosu", "su-exec", "setuidgid", "sg")
        else 0
    )
    yield RunsCommand(tuple(operands[skipped:]))


RULES: dict[str, Rule] = {
    **named("chmod gchmod fchmod", _chmod),
    **named(
        "chown chgrp gchown lchown setfacl chattr setcap chcon setfattr chflags icacls "
        "cacls takeown restorecon chacl nfs4_setfacl attr fsadm chown.real",
        always(PERMISSIONS),
    ),
    "xattr": when(PERMISSIONS, r" -\w*[wdc]"),
    **named(
        "sudo doas dzdo pfexec run0 sudoedit sudo-rs please calife super pkexec gksudo "
        "kdesudo gksu kdesu visudo",
        _sudo,
    ),
    **named("su runuser newgrp", _su),
    **named("ctr lxc incus", when(RIGHTS, r"privileged")),
    "systemd-run": when(RIGHTS, r" (?:--uid|--gid|-p User)"),
    **named(
        "chroot nsenter unshare setpriv capsh gosu su-exec setuidgid sg machinectl "
        "bwrap systemd-nspawn arch-chroot schroot lxc-attach aa-exec ip-netns",
        _changed_root,
    ),
    **named(
        "useradd adduser usermod userdel deluser groupadd groupdel groupmod addgroup "
        "delgroup gpasswd passwd chpasswd chgpasswd chsh chfn vipw vigr newusers chage "
        "dscl sysadminctl pwconv homectl smbpasswd htpasswd-system loginctl faillock "
        "userctl pw net",
        always(ACCOUNTS),
    ),
}
"""Rights, by program."""
