"""Containers and clusters: docker, kubectl, helm and their kin."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding, Reads, RunsCommand, Writes
from policy.rules.matching import verbs
from policy.shell.marks import typed
from policy.shell.options import Options, parse
from policy.vocabulary import named, words_of

REMOVES = Finding(Category.MACHINES, "remove containers or their data")
STOPS = Finding(Category.PROCESSES, "stop containers")
CLUSTER = Finding(Category.MACHINES, "change a cluster")
REMOTE = Finding(Category.MACHINES, "run something on another machine")
HOST_RIGHTS = Finding(Category.PRIVILEGE, "give a container rights over this machine")
PUBLISHES = Finding(Category.PUBLISHING, "publish an image")

_DOCKER_VALUED = "HcluvpewmnhafiP"
_DOCKER_LONG = words_of(
    "name env env-file volume mount publish network net workdir user "
    "entrypoint "
    "platform memory cpus hostname label add-host cap-add cap-drop device gpus ipc "
    "pid userns security-opt restart shm-size ulimit file project-name profile "
    "context host log-level log-driver tmpfs volumes-from expose dns link runtime "
    "stop-timeout health-cmd index project-directory detach-keys pull cidfile uts "
    "cgroupns isolation ip config"
)
_REMOVING = frozenset(words_of("rm rmi prune remove delete reset uninstall"))
_STOPPING = frozenset(("stop", "kill", "restart", "pause"))
_GROUPS = frozenset(
    words_of(
        "container image volume network system builder buildx compose service stack "
        "swarm node secret config context plugin manifest machine pod checkpoint trust "
        "namespace app model scout desktop"
    )
)
_SOCKETS = re.compile(
    r"^(?:/|/var/run/?|/run/?|/etc/?|/root/?|/home/?|/proc/?|/sys/?|/dev/?"
    r"|/boot/?|/usr/?"
    r"|.*(?:docker|containerd|podman)\.sock)$"
)


def _docker(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "Hcl", ("host", "context", "config", "log-level"), stop=True)
    if any(not host.startswith("unix:") for host in options.all("H", "host")):
        yield REMOTE
    words = options.operands
    group = words[0] if words and words[0] in _GROUPS else ""
    verb, rest = _verb(words[1:] if group else words)
    if verb and "--help" not in rest and "--dry-run" not in words:
        yield from _docker_verb(group, verb, rest)


def _verb(words: list[str]) -> tuple[str, list[str]]:
    """The verb behind options of a group such as `compose -f FILE`."""
    operands = parse(words, "fpHc", _DOCKER_LONG, stop=True).operands
    return (operands[0], operands[1:]) if operands else ("", [])


def _docker_verb(group: str, verb: str, rest: list[str]) -> Iterator[Effect]:
    if verb in _REMOVING or (group in ("compose", "") and verb == "down"):
        yield REMOVES
    elif verb in _STOPPING:
        yield STOPS
    elif verb == "push" or (verb in ("build", "bake", "buildx") and "--push" in rest):
        yield PUBLISHES
    elif group in ("swarm", "stack", "service", "node") and verb not in (
        "ls",
        "ps",
        "inspect",
        "logs",
    ):
        yield CLUSTER
    elif verb in ("run", "create", "exec"):
        yield from _container(verb, rest, compose=group == "compose")
    elif verb == "cp":
        yield Writes(tuple(word for word in rest[1:2] if ":" not in word))
    elif verb == "buildx" and set(rest[:1]) & {"rm", "prune"}:
        yield REMOVES


def _container(verb: str, rest: list[str], *, compose: bool) -> Iterator[Effect]:
    valued = "uvpewmhalc" if verb == "run" and not compose else "uwevp"
    options = parse(rest, valued, _DOCKER_LONG, stop=True)
    if _gives_rights(options):
        yield HOST_RIGHTS
    yield Reads(tuple(mount.partition(":")[0] for mount in options.all("v", "volume")))
    entry = options.all("entrypoint")
    command = [*entry, *options.operands[1:]]
    if command:
        yield RunsCommand(tuple(command), elsewhere=True)


def _gives_rights(options: Options) -> bool:
    mounts = [typed(mount).partition(":")[0] for mount in options.all("v", "volume")]
    for mount in options.all("mount"):
        mounts += re.findall(r"(?:source|src)=([^,]*)", mount)
    host_spaces = options.all("pid", "ipc", "uts", "userns", "cgroupns")
    return (
        options.has("privileged", "cap-add", "device")
        or "host" in host_spaces
        or any("unconfined" in value or "disable" in value for value in options.all("security-opt"))
        or any(_SOCKETS.match(mount) for mount in mounts)
    )


def _kubectl(call: Call) -> Iterator[Effect]:
    valued = ("namespace", "context", "kubeconfig", "cluster", "user", "server", "token", "as")
    words = parse(call.args, "ns", valued, stop=True).operands
    verb, rest = "".join(words[:1]), words[1:]
    line = call.line()
    if re.search(r"--dry-run(?!=none)(?:=\w+)?(?:\s|$)", line) or call.asks_for_help():
        return
    if verb in ("exec", "cp", "attach", "debug", "run", "port-forward-x"):
        yield REMOTE
        if "--" in rest:
            yield RunsCommand(tuple(rest[rest.index("--") + 1 :]), elsewhere=True)
    elif (
        verb in _KUBECTL_CHANGES
        or (verb == "rollout" and set(rest) & _ROLLOUTS)
        or (
            verb == "config"
            and set(rest[:1])
            & {
                "delete-context",
                "delete-cluster",
                "delete-user",
                "unset",
            }
        )
    ):
        yield CLUSTER
    elif verb in ("get", "describe") and _names_secret(rest):
        yield Finding(Category.SECRETS, "read keys or passwords")


_KUBECTL_CHANGES = frozenset(
    words_of(
        "delete apply create replace patch edit scale drain cordon uncordon taint set "
        "label annotate expose autoscale evict certificate"
    )
)
_ROLLOUTS = frozenset(("restart", "undo", "pause", "resume"))


def _names_secret(words: list[str]) -> bool:
    kinds = parse(words, "nolL", ("output", "namespace", "selector")).operands[:1]
    outputs = parse(words, "nolL", ("output", "namespace", "selector")).all("o", "output")
    return any(re.match(r"secrets?(?:/|$)", kind) for kind in kinds) and any(
        re.match(r"yaml|json|go-template|custom", output) for output in outputs
    )


RULES: dict[str, Rule] = {
    **named("docker podman nerdctl docker-slim finch lima", _docker),
    **named(
        "docker-compose podman-compose",
        lambda call: _docker(Call("docker", ("docker", "compose", *call.args))),
    ),
    **named("kubectl oc k k3s-kubectl microk8s.kubectl kubecolor", _kubectl),
    "adb": verbs(REMOTE, r"shell|push|install|uninstall|reboot|root|remount|sideload"),
    "helm": verbs(CLUSTER, r"uninstall|delete|del|un|install|upgrade|rollback|push"),
    "helmfile": verbs(CLUSTER, r"apply|sync|destroy|delete"),
    **named(
        "kustomize skaffold tilt garden devspace okteto werf kapp kubeadm kops argocd "
        "flux velero istioctl linkerd rancher linode-cli",
        verbs(
            CLUSTER,
            r"delete|destroy|run|dev|deploy|apply|down|reset|join|sync|uninstall"
            r"|rollback|purge|create|install",
        ),
    ),
    **named(
        "kind minikube k3d k3s microk8s colima eksctl multipass vagrant virsh lxc incus "
        "limactl vboxmanage VBoxManage vmrun qm pct podman-machine orb machine prlctl",
        verbs(
            CLUSTER,
            r"delete|destroy|stop|purge|undefine|unregistervm|controlvm|halt|reset"
            r"|shutdown|kill|uninstall|suspend|remove|rm|exec|ssh|apply|scale|drain",
        ),
    ),
    **named(
        "crictl ctr buildah skopeo crane oras regctl img",
        verbs(REMOVES, r"rm|rmi|rmp|delete|prune|stop|stopp|remove|kill|copy|push|del"),
    ),
    "nomad": verbs(
        CLUSTER,
        r"job (?:stop|run|purge|revert|dispatch)|stop|run|system gc|node drain"
        r"|alloc (?:stop|exec)",
    ),
}
"""Containers and clusters, by program."""
