"""What a command may see of the worker's environment: an allow-list, so a new secret stays out."""

import re
from collections.abc import Mapping

SETTLED: Mapping[str, str] = {
    "TERM": "dumb",
    "CI": "1",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONUNBUFFERED": "1",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""Same for every command: nothing asks, pages, colours or holds output back."""

FALLBACKS: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
}
"""Used where the worker has none."""

ALLOWED = re.compile(
    r"""
    PATH | LANG | LANGUAGE | LC_[A-Z]+ | TZ
    | PYENV_ROOT | PYENV_VERSION | NVM_DIR | JAVA_HOME | GOROOT | RUSTUP_HOME
    | (HTTP|HTTPS|FTP|ALL|NO)_PROXY | (http|https|ftp|all|no)_proxy
    | SSL_CERT_(FILE|DIR) | (REQUESTS|CURL)_CA_BUNDLE | NODE_EXTRA_CA_CERTS | GIT_SSL_CAINFO
    | PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|CERT)
    | UV_(INDEX|INDEX_URL|DEFAULT_INDEX|EXTRA_INDEX_URL|INSECURE_HOST|PYTHON_INSTALL_MIRROR)
    | (NPM_CONFIG|npm_config)_(REGISTRY|registry|CAFILE|cafile) | YARN_NPM_REGISTRY_SERVER
    | GOPROXY | GOSUMDB | GONOSUMDB
    | CARGO_HTTP_CAINFO | CARGO_REGISTRIES_[A-Z0-9_]+_INDEX | RUSTUP_(DIST_SERVER|UPDATE_ROOT)
    """,
    re.VERBOSE,
)
"""Names passed on: where programs are, the language, and how packages are reached from here."""

CREDENTIALS = re.compile(
    r"""
    //\S*@ | (?:^|[\s,]) [^/\s@]+ : [^/\s@]* @        # https://user:word@host, user:word@host:8080
    | [?&;] [^=&\s]* (?:token|key|secret|pass) [^=&\s]* =              # ?api_token=...
    | ://\S*/ (?=[A-Z_]*\d) (?=\d*[A-Z_]) [A-Z0-9_]{20,} (?:[/\s]|$)  # a random word in the path
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A value like this is a secret under a harmless name, most often an index or a proxy."""


def command_environment(worker: Mapping[str, str]) -> dict[str, str]:
    """Environment of a command, made from the worker's.

    HOME and TMPDIR are missing: the walls add them, for only they know where those are.
    """
    passed = {name: value for name, value in worker.items() if may_see(name, value)}
    return {**FALLBACKS, **passed, **SETTLED}


def may_see(name: str, value: str) -> bool:
    """Whether a command may see this variable of the worker."""
    return bool(value and ALLOWED.fullmatch(name) and not CREDENTIALS.search(value))
