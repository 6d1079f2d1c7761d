"""Where a path lies, and whether what lies there is special: devices, git's files, secrets."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from policy.shell.marks import STAR, is_known
from policy.shell.paths import is_within, name_of, resolved


class Place(Enum):
    """Kinds of places that writing to differs in."""

    UNKNOWN = auto()
    SINK = auto()
    DEVICE = auto()
    KERNEL = auto()
    STARTUP = auto()
    AGENT_RULES = auto()
    GIT_RULES = auto()
    GIT = auto()
    OUTSIDE = auto()
    INSIDE = auto()


_SINKS = re.compile(
    r"/dev/(?:null|zero|full|stdin|stdout|stderr|tty|ptmx|random|urandom|fd/\d+)$"
    r"|/proc/self/fd/\d+$"
)
_KERNEL = re.compile(r"/(?:proc|sys)(?:/|$)")
_STARTUP = re.compile(
    r"/\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zprofile|zshenv"
    r"|zlogin|zlogout|kshrc|cshrc|tcshrc|login|inputrc|xinitrc|xsession|xsessionrc|xprofile"
    r"|gitconfig|pam_environment|vimrc|exrc|emacs|gdbinit|pythonrc|Rprofile|screenrc|tmux\.conf"
    r"|forward|rhosts|netrc|curlrc|wgetrc)$"
    r"|/\.ssh(?:/|$)|/\.config/(?:fish|systemd|autostart|git|nvim)(?:/|$)|/\.gnupg(?:/|$)"
    r"|/Library/Launch(?:Agents|Daemons)(?:/|$)|/\.local/share/systemd(?:/|$)"
    r"|^/etc/(?:profile|bash\.bashrc|bashrc|zsh|environment|cron|anacrontab"
    r"|systemd|init|rc|inittab"
    r"|ld\.so|ssh|sudoers|pam\.d|xdg/autostart|gitconfig|supervisor|logrotate\.d|apt/apt\.conf)"
    r"|^/var/spool/(?:cron|at)|^/(?:usr/|usr/local/)?lib/systemd/"
)
_AGENT_RULES = re.compile(
    r"/(?:CLAUDE(?:\.local)?\.md|AGENTS(?:\.override)?\.md|GEMINI\.md"
    r"|\.cursorrules|\.windsurfrules"
    r"|\.clinerules|\.roorules|copilot-instructions\.md|\.mcp\.json|\.aider\.conf\.yml)$"
    r"|/\.(?:claude|cursor|codex|gemini|windsurf|continue|roo|kiro)(?:/|$)"
)
_GIT_RULES = re.compile(
    r"/\.git/(?:hooks|config|info/attributes|modules/[^/]+/(?:hooks|config))(?:[./]|$)"
    r"|/\.husky(?:/|$)|/\.envrc$|/\.vscode/tasks\.json$"
)
_GIT = re.compile(r"/\.git(?:/|$)")
_SECRETS_ANYWHERE = re.compile(
    r"/(?:ssh_host_\w+_key|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?)$"
    r"|/[^/]*(?:private|secret)[_-]?key[^/]*\.(?:pem|key|der)$"
    r"|^/etc/(?:g?shadow-?|sudoers(?:\.d(?:/.*)?)?|ssl/private(?:/.*)?"
    r"|krb5\.keytab|master\.passwd)$"
    r"|^/proc/(?!self/|thread-self/)[^/]+/(?:environ|mem|maps|fd|cmdline\.key)(?:/|$)"
    r"|^/proc/(?:kcore|kmem)$|^/dev/k?mem$|^(?:/var)?/run/secrets(?:/|$)|^/run/credentials(?:/|$)"
)
_SECRETS_OF_USERS = re.compile(
    r"/\.ssh(?:/(?!known_hosts|config$|authorized_keys$|environment$)(?:(?!\.pub$)[^/])+)?$"
    r"|/\.(?:aws|azure|gnupg|password-store|kube|docker)$"
    r"|/\.aws/(?:credentials|cli/cache|sso/cache)|/\.(?:netrc|pgpass|my\.cnf|git-credentials|npmrc"
    r"|pypirc|vault-token|s3cfg|boto|dockercfg|rediscli_auth|yarnrc\.yml"
    r"|fetchmailrc|databrickscfg)$"
    r"|/\.docker/config\.json$|/\.kube/(?:config|cache)|/\.gnupg/|/\.cargo/credentials|/\.gem/cred"
    r"|/\.config/(?:gh/hosts\.yml|gcloud|hub$|doctl|op|rclone|netlify|anthropic|openai|stripe)"
    r"|/\.azure/|/\.terraform\.d/credentials|/\.password-store/|/\.local/share/keyrings"
    r"|/Library/Keychains|/(?:Login Data|Cookies|cookies\.sqlite|key[34]\.db|logins\.json)$"
    r"|/\.claude/\.credentials\.json$|/\.claude\.json$|/\.codex/auth\.json$|/\.fly/config\.yml$"
    r"|/\.bash_history$|/\.zsh_history$|/wallet\.dat$|/\.ethereum/keystore|/\.electrum"
    r"|\.(?:p12|pfx|keystore|jks|kdbx|ppk)$|(?<!-cert)(?:key|private)\w*\.pem$"
)
_PRIVATE_KEY = re.compile(
    r"(?:^|/)(?!.*(?:pub|cert|\bca\b))(?:[^/]*\.(?:key|p12|pfx|jks|keystore|ppk)"
    r"|(?:[^/]*[-_.])?(?:priv(?:ate)?|priv(?:ate)?[-_]?key|key)\.(?:pem|der))$"
)
_ROOTS = re.compile(
    r"(?:/(?:bin|boot|dev|etc|home|lib|lib32|lib64|opt|proc|root|run|sbin|srv|sys|usr|var"
    r"|Users|System|Library|Applications|home/[^/]+|usr/(?:bin|lib|local|sbin|share)))?"
)


def is_private_key(path: str) -> bool:
    """Tell whether a file is a private key by its name, wherever it lies."""
    return bool(_PRIVATE_KEY.search(path))


@dataclass(frozen=True)
class Places:
    """Judges paths as seen from a workspace. `/tmp` counts as inside."""

    workspace: str
    home: str

    def of(self, path: str, cwd: str) -> Place:
        """Kind of place that a path names, for writing."""
        full = resolved(path, cwd)
        if full.startswith("/dev/"):
            return self._device(full)
        if _KERNEL.match(full):
            return Place.KERNEL if not _SINKS.match(full) else Place.SINK
        special = self._special(full)
        if special:
            return special
        if not full.startswith("/"):
            return Place.UNKNOWN
        return Place.INSIDE if self.is_inside(full) else Place.OUTSIDE

    @staticmethod
    def _device(full: str) -> Place:
        if _SINKS.match(full):
            return Place.SINK
        return Place.OUTSIDE if full.startswith(("/dev/shm", "/dev/mqueue")) else Place.DEVICE  # noqa: S108 - compared, not used

    def _special(self, full: str) -> Place | None:
        if _AGENT_RULES.search(full):
            return Place.AGENT_RULES
        if _GIT_RULES.search(full):
            return Place.GIT_RULES
        if _GIT.search(full):
            return Place.GIT
        if _STARTUP.search(full) and not self.is_inside(full):
            return Place.STARTUP
        return None

    def is_inside(self, full: str) -> bool:
        """Tell whether a resolved path lies in the workspace or a directory for temporary files."""
        return is_within(full, self.workspace) or self.is_temporary(full)

    @staticmethod
    def is_temporary(full: str) -> bool:
        """Tell whether a resolved path lies in a directory for temporary files."""
        return is_within(full, "/tmp") or is_within(full, "/private/tmp")  # noqa: S108 - compared, not used

    def is_secret(self, path: str, cwd: str) -> bool:
        """Tell whether a file holds keys, tokens or passwords."""
        full = resolved(path, cwd)
        if _SECRETS_ANYWHERE.search(full):
            return True
        return bool(_SECRETS_OF_USERS.search(full)) and not is_within(full, self.workspace)

    def is_vital(self, path: str, cwd: str) -> bool:
        """Tell whether a path is the root, a home, or a directory the system lives in."""
        full = resolved(path, cwd).rstrip("/")
        last = name_of(full)
        if last in (STAR, f".{STAR}", f"{STAR}{STAR}"):
            full = full[: -len(last)].rstrip("/")
        return full == self.home or (full != self.workspace and bool(_ROOTS.fullmatch(full)))

    def may_go(self, path: str, cwd: str) -> bool:
        """Tell whether a path names one place beneath the workspace or `/tmp`, and not git's."""
        full = resolved(path, cwd)
        roots = (self.workspace, "/tmp", "/private/tmp")  # noqa: S108 - compared, not used
        if not is_known(full) or full in roots or _GIT.search(full) or not self.is_inside(full):
            return False
        bare = all(character in f"{STAR}./" for character in name_of(full))
        return not bare or full.rpartition("/")[0] not in roots
