"""The git remote that every checkpoint is pushed to, where one is configured."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from workspace.git_program import GitFailed, GitTimedOut, run_git
from workspace.problems import RemoteUnreachable

CONNECT_SECONDS = 10
CHECK_SECONDS = 20

RETRY_SECONDS = 5.0
"""For how long a push that fails is tried again at once, before anybody hears of it."""

_KEPT = re.compile(
    r"PATH|XDG_CONFIG_HOME|SSH_AUTH_SOCK|GIT_SSH(_COMMAND)?|GIT_SSL_\w+|SSL_CERT_(FILE|DIR)"
    r"|(HTTPS?|ALL|NO)_PROXY",
    re.IGNORECASE,
)
"""What git needs of the environment of the worker to find its way."""

_CREDENTIALS = re.compile(r"(https?://)([^/?#]*)@([^/?#@]*)(.*)", re.IGNORECASE | re.DOTALL)
_USERINFO = re.compile(r"(\w://)[^\s/@]*@")
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$TARS_REMOTE_USERNAME" "$TARS_REMOTE_PASSWORD"; }; f'
)
_NOISE = ("To ", "hint:", "error: failed to push some refs", "Please make sure", "and the repo")
_MAX_REASON_CHARACTERS = 300


class Remote:
    """A repository at a URL, or at an absolute path.

    Git uses the keys, credential helpers and proxies of the user the worker runs as, and asks
    nobody. What an http(s) URL holds of name and password is handed to git apart from it, so that
    it is in no message and in no list of processes. `environment` is that of the worker.
    """

    def __init__(
        self, url: str, environment: Mapping[str, str], retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._url, credentials = _split(url)
        self.retry_seconds = retry_seconds
        self._environment = {
            "GIT_SSH_COMMAND": f"ssh -o BatchMode=yes -o ConnectTimeout={CONNECT_SECONDS}",
            **{name: value for name, value in environment.items() if _KEPT.fullmatch(name)},
            **credentials,
            "GIT_ASKPASS": "",
        }

    @property
    def name(self) -> str:
        """What people may see of its address."""
        return _without_userinfo(self._url)

    def check(self) -> None:
        """Ask it whether it is there. Raises RemoteUnreachable."""
        self._git("ls-remote", "--quiet", "--", self._url, "HEAD", cwd=Path("/"))

    def push(self, git_dir: Path, objects: Path, references: str, timeout_seconds: float) -> None:
        """Push `<commit>:<reference>`, only ever forward. Raises RemoteUnreachable."""
        self._git(
            *("-c", "advice.pushUpdateRejected=false", "-c", "push.gpgSign=false"),
            *("push", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"),
            *("--", self._url, references),
            cwd=git_dir,
            objects=objects,
            timeout_seconds=timeout_seconds,
        )

    def fetch(self, git_dir: Path, objects: Path, references: str, timeout_seconds: float) -> None:
        """Fetch `<pattern>:<pattern>`. What is fetched is there as a whole or not at all.

        Raises RemoteUnreachable.
        """
        self._git(
            *("-c", "fetch.unpackLimit=1", "-c", "core.logAllRefUpdates=false"),
            *("fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--update-shallow"),
            *("--no-recurse-submodules", "--", self._url, references),
            cwd=git_dir,
            objects=objects,
            timeout_seconds=timeout_seconds,
        )

    def _git(
        self,
        *arguments: str,
        cwd: Path,
        objects: Path | None = None,
        timeout_seconds: float = CHECK_SECONDS,
    ) -> None:
        place = {"GIT_OBJECT_DIRECTORY": str(objects)} if objects else {}
        try:
            run_git(
                *arguments,
                cwd=cwd,
                configured=True,
                environment={**self._environment, **place},
                timeout_seconds=timeout_seconds,
            )
        except GitTimedOut:
            reason = f"it did not answer within {timeout_seconds:g} seconds"
            raise RemoteUnreachable(self._sentence(reason)) from None
        except GitFailed as error:
            text = self._sentence(_reason(error.told) or str(error))
            raise RemoteUnreachable(text, refused="rejected]" in error.told) from None

    def _sentence(self, reason: str) -> str:
        what = f"The checkpoint remote {self._url} cannot be used ({reason})"
        return f"{_without_userinfo(what)}: mend that, then resume."


def _split(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL that git is given, and variables that tell it the credentials."""
    found = _CREDENTIALS.fullmatch(url)
    if found is None:
        return str(Path(url).expanduser()) if url.startswith("~") else url, {}
    scheme, userinfo, host, path = found.groups()
    username, _, password = userinfo.partition(":")
    place = f"credential.{scheme}{host}.helper"
    return f"{scheme}{host}{path}", {
        # The empty one takes away those of the user, which may have another name for the host.
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": place,
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": place,
        "GIT_CONFIG_VALUE_1": _HELPER,
        "TARS_REMOTE_USERNAME": unquote(username),
        "TARS_REMOTE_PASSWORD": unquote(password),
    }


def _without_userinfo(text: str) -> str:
    return _USERINFO.sub(r"\1", text)


def _reason(told: str) -> str:
    lines = [line.strip() for line in told.splitlines()]
    telling = [line.removeprefix("fatal: ").rstrip(".") for line in lines if line]
    return "; ".join(line for line in telling if not line.startswith(_NOISE))[
        :_MAX_REASON_CHARACTERS
    ]
