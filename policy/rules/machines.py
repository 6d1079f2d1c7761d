"""Other machines: ssh, copying there, cloud providers, infrastructure as code."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Connects, Effect, Finding, RunsCommand, RunsText, Writes
from policy.rules.archives import is_remote
from policy.rules.matching import verbs
from policy.shell.marks import typed
from policy.shell.options import parse
from policy.vocabulary import named, words_of

REMOTE = Finding(Category.MACHINES, "run something on another machine")
INFRASTRUCTURE = Finding(Category.MACHINES, "change infrastructure")
SENDS = Finding(Category.SECRETS, "send local files to another machine")
DEPLOYS = Finding(Category.PUBLISHING, "deploy")
READS_KEYS = Finding(Category.SECRETS, "read keys or passwords")

_SSH_RUNS = re.compile(
    r"(?:ProxyCommand|LocalCommand|KnownHostsCommand|Match\s+exec)\s*[= ]\s*(.+)", re.I
)
_GIT_HOST = re.compile(r"(?:git|hg|aur)@[\w.-]+")
_CLOUD_CHANGES = re.compile(
    r" (?:delete|destroy|remove|purge|terminate|stop|deprovision|detach"
    r"|disassociate|revoke|reset|deregister"
    r"|delete-\S+|terminate-\S+|remove-\S+|stop-\S+|reboot-\S+|reset-\S+"
    r"|purge-\S+|destroy-\S+|deregister-\S+"
    r"|create-\S+|change-\S+|put-\S+|update-\S+|modify-\S+|run-instances|start-\S+"
    r"|attach-\S+|detach-\S+|revoke-\S+"
    r"|disable-\S+|\S+-(?:delete|destroy|remove|terminate)|release-\S+"
    r"|empty-\S+|cancel-\S+|abort-\S+|send-command|invoke|publish|deploy"
    r"|apply"
    r"|rb|rm|mv|mb|cp|sync|create|update|set|add-iam-policy-binding"
    r"|remove-iam-policy-binding|execute-\S+"
    r"|authorize-\S+|associate-\S+|import-\S+|restore-\S+|copy-\S+"
    r"|register-\S+|enable-\S+|ssh|scp|start"
    r"|restart|reboot|rename|rsync|resize|rollback|swap|failover|patch"
    r"|replace|import|migrate|tag-\S+"
    r"|untag-\S+|write|upload|upload-batch|delete-batch|truncate|mk|load"
    r"|insert|setmeta|iam|acl|rewrite|chmod) "
)
_CLOUD_READS = re.compile(
    r" (?:get-secret-value|get-session-token|print-access-token"
    r"|print-identity-token|get-access-token"
    r"|get-parameters?(?:-by-path)?|get-login-password|secrets? versions "
    r"access|secret show|keys list|list-keys"
    r"|get-federation-token|assume-role\S*|configure (?:get"
    r"|export-credentials)|get-password-data|decrypt) "
)
_DOWNLOADS = re.compile(r" (?:cp|sync|rsync) (?:s3|gs)://\S+ ([^\s:]+) ")
_CLOUD_SETTINGS = re.compile(
    r" (?:configure set|config set|configure list|config list|configure get|config get) "
)


def _ssh(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "bcDEeFIiJLlmOopQRSWwB", (), stop=True)
    for value in options.all("o"):
        if found := _SSH_RUNS.match(value):
            yield RunsText("bash", found[1])
    host, *command = options.operands or [""]
    if not host or options.has("V", "Q", "G"):
        return
    if not (_GIT_HOST.fullmatch(host) and not command):
        yield REMOTE
    if command:
        yield RunsCommand(("eval", *command), elsewhere=True)


def _scp(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "cDFiJloPSX")
    for program in options.all("S"):
        yield RunsCommand((program,))
    *sources, target = options.operands or [""]
    if is_remote(target):
        yield SENDS
    elif any(map(is_remote, sources)):
        yield REMOTE
        yield Writes((target,))


def _cloud(call: Call) -> Iterator[Effect]:
    line = f" {call.line()} "
    if call.asks_for_help() or re.search(
        r" (?:help|--dry-?run|--what-if|--no-execute-changeset)(?: |=)", line
    ):
        return
    words = " ".join(word for word in map(typed, call.args) if not word.startswith("-"))
    words = f" {words} "
    if _CLOUD_READS.search(words):
        yield READS_KEYS
    if not _CLOUD_CHANGES.search(words) or _CLOUD_SETTINGS.search(words):
        return
    if download := _DOWNLOADS.search(words):
        yield Writes((download[1],))
        return
    if re.search(r" (?:cp|sync|mv|rsync|upload|upload-batch|scp|put-object|put) ", words):
        yield SENDS
    yield Finding(Category.MACHINES, "change something in the cloud")


def _terraform(call: Call) -> Iterator[Effect]:
    operands = parse(call.args).operands
    verb = " ".join(operands[:2])
    if "-help" in call.args or call.asks_for_help():
        return
    if re.match(
        r"(?:apply|destroy|import|taint|untaint|force-unlock|run-all|apply-all"
        r"|destroy-all)\b"
        r"|state (?:rm|mv|push|replace-provider)|workspace delete|up\b|cancel|refresh\b",
        verb,
    ):
        yield INFRASTRUCTURE


def _ansible(call: Call) -> Iterator[Effect]:
    line = f" {call.line()} "
    if call.asks_for_help() or re.search(r" (?:--check|-C|--syntax-check|--list-\S+) ", line):
        return
    yield REMOTE
    for text in parse(call.args, "ame", ("args", "module-name")).all("a", "args"):
        yield RunsText("bash", text, elsewhere=True)


def _always_remote(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help() and call.args not in ((), ("-V",), ("version",)):
        yield REMOTE


def _vercel(call: Call) -> Iterator[Effect]:
    """`vercel` and `vercel --prod` deploy without a verb."""
    operands = parse(call.args, "tA", ("token", "scope", "cwd")).operands
    reads = words_of("ls list inspect logs whoami env dev build pull link help login")
    if not call.asks_for_help() and operands[:1] not in [[one] for one in reads]:
        yield DEPLOYS
    if operands[:2] in (["env", "rm"], ["env", "add"]):
        yield DEPLOYS


def _rclone(call: Call) -> Iterator[Effect]:
    verb = "".join(parse(call.args, "", ("config", "transfers")).operands[:1])
    if "--dry-run" in call.args or "-n" in call.args:
        return
    if verb in ("copy", "sync", "move", "copyto", "moveto", "rcat", "bisync", "copyurl"):
        yield SENDS
    elif verb in ("delete", "purge", "deletefile", "rmdir", "rmdirs", "cleanup"):
        yield Finding(Category.MACHINES, "delete something in the cloud")


def _transfer(call: Call) -> Iterator[Effect]:
    """`ftp`, `sftp`, `lftp`, `croc`, ...: they carry files to other machines."""
    if not call.asks_for_help():
        yield SENDS


def _connects(call: Call) -> Iterator[Effect]:
    for operand in parse(call.args, "lp").operands[:1]:
        yield Connects(operand)


RULES: dict[str, Rule] = {
    **named("ssh autossh slogin dbclient plink", _ssh),
    **named("scp pscp", _scp),
    **named(
        "ssh-copy-id mosh pssh pdsh clush parallel-ssh rsh rexec rlogin sshpass dsh "
        "salt salt-ssh knife fab cap winrm evil-winrm psexec wmic mina distcc-x tsh mco "
        "bolt pyinfra nc-ssh ipmitool",
        _always_remote,
    ),
    **named("ansible ansible-playbook ansible-pull ansible-console", _ansible),
    **named(
        "aws gcloud az doctl linode-cli oci ibmcloud aliyun hcloud vultr-cli scw exo "
        "openstack s3cmd s4cmd s5cmd gsutil mc b2 azcopy yc tccli civo upctl ovh "
        "awslocal-x bq ossutil swift-cli cf pscale neonctl neon "
        "planetscale atlas",
        _cloud,
    ),
    **named("terraform tofu terragrunt terramate", _terraform),
    "pulumi": verbs(
        INFRASTRUCTURE, r"up|update|destroy|refresh|import|cancel|stack rm|state delete"
    ),
    **named(
        "cdk cdktf sst sam serverless sls chalice zappa copilot eb up amplify architect "
        "arc nixops juju bosh packer-x ecs-cli ask",
        verbs(
            INFRASTRUCTURE,
            r"deploy|destroy|delete|remove|undeploy|terminate|bootstrap|push|publish"
            r"|update"
            r"|rollback|remove-\S+|kill-\S+|destroy-\S+",
        ),
    ),
    **named(
        "heroku fly flyctl netlify railway render dokku surge wrangler "
        "firebase ntl platform gigalixir shopify expo eas deployctl koyeb "
        "northflank cloudflared zeit modal replicate beam clever scalingo nanobox "
        "porter defang convex supabase encore",
        verbs(
            DEPLOYS,
            r"\S+:(?:delete|destroy|remove|rm|unset)|deploy|publish|destroy|delete|remove|rm"
            r"|apps:destroy|apps destroy"
            r"|pg:reset|ps:\S+"
            r"|addons:destroy|run|run:\S+|ssh|ssh console|scale|up|down|config:\S+"
            r"|secrets? \S+|env"
            r" (?:rm|add|set|unset)|rollback|promote|alias|submit|update"
            r"|releases:rollback|restart"
            r"|machine \S+|volumes? (?:destroy|delete)|domains? (?:rm|remove)"
            r"|hosting:disable"
            r"|hosting:channel:delete|functions:delete|pipelines:promote|pages "
            r"deploy|maintenance:\S+"
            r"|db push|functions deploy|pages publish|container:release"
            r"|container:push|secret put",
        ),
    ),
    **named("vercel now", _vercel),
    "rclone": _rclone,
    **named(
        "ftp sftp lftp tftp ncftp ncftpput croc wormhole magic-wormhole transfer ffsend "
        "dropbox gdrive rsend curlftpfs smbclient woof bashupload pastebinit termbin "
        "0x0",
        _transfer,
    ),
    "telnet": _connects,
}
"""Other machines, by program."""
