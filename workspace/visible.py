"""What of the machine a command may see, to read and to run: programs, and little else."""

import configparser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policy.secrets import FALLBACKS, command_environment

SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")))
"""Directories that belong to the distribution; several are links into /usr."""

SETTINGS = (
    "alternatives",
    "ca-certificates",
    "debian_version",
    "fonts",
    "java-11-openjdk",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/ca-trust/extracted",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
"""Of /etc; nothing that holds keys or passwords (/etc/ssl/private stays out)."""

CERTIFICATES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
)
"""Variables that name a file of public certificates."""

PREFIX_SIGNS = (
    "pyvenv.cfg",
    "conda-meta",
    "lib/python3*",
    "lib/node_modules",
    "lib/ruby",
    "lib/modules",  # a JDK
    "pkg/tool",  # Go
)
"""Beside `bin` they tell a directory that is one installation of a language, and no project."""


HOMES = (Path("/home"), Path("/Users"))


@dataclass(frozen=True)
class Visible:
    """Paths to read and run, and the environment that goes with them (without HOME, TMPDIR)."""

    paths: tuple[Path, ...]
    env: Mapping[str, str]


def visible(worker: Mapping[str, str], toolchains: Iterable[Path] = ()) -> Visible:
    """Work out what a command may see from the worker's environment.

    Programs outside the distribution's directories are found by PATH; `toolchains` are
    directories to add. From PATH goes what would not be there.
    """
    env = command_environment(worker) | _rustup(worker)
    entries = [Path(entry) for entry in env["PATH"].split(":") if entry.startswith("/")]
    paths = [path for entry in entries if entry.is_dir() for path in _toolchain(entry)]
    paths += [Path(env[name]) for name in (*CERTIFICATES, "RUSTUP_HOME") if name in env]
    paths += [Path("/etc") / name for name in SETTINGS]
    shown = _outermost([*SYSTEM, *toolchains, *paths])
    there = ":".join(str(entry) for entry in entries if _is_within(entry, shown))
    env["PATH"] = there or FALLBACKS["PATH"]
    return Visible(tuple(shown), env)


def _rustup(worker: Mapping[str, str]) -> dict[str, str]:
    """Name rustup's directory, for its programs look for it in a HOME that is not theirs."""
    place = worker.get("RUSTUP_HOME") or f"{worker.get('HOME', '')}/.rustup"
    is_used = "/.cargo/bin" in worker.get("PATH", "") and Path(place).is_dir()
    return {"RUSTUP_HOME": place} if is_used else {}


def _toolchain(entry: Path) -> list[Path]:
    """Return the directories that the programs of one PATH entry need."""
    for directory in entry.parents:
        if directory.name == ".pyenv":
            return [directory]
    prefix = entry.parent
    is_one = any(next(prefix.glob(sign), None) for sign in PREFIX_SIGNS)
    if entry.name != "bin" or not is_one or _is_personal(prefix):
        return [entry]
    return [prefix, *_base_of_venv(prefix)]


def _is_personal(prefix: Path) -> bool:
    """Whether a directory with `bin` also holds what belongs to a person alone."""
    return prefix.name == ".local" or len(prefix.parts) < 3 or prefix.parent in HOMES


def _base_of_venv(prefix: Path) -> list[Path]:
    """Return the installation a virtual environment was made from ([] when it is none)."""
    try:
        text = (prefix / "pyvenv.cfg").read_text()
    except OSError:
        return []
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string("[venv]\n" + text)
    home = parser.get("venv", "home", fallback="")
    return _toolchain(Path(home).resolve()) if home.startswith("/") else []


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Paths that exist, without those inside others; the order stays."""
    kept: list[Path] = []
    for path in dict.fromkeys(paths):
        if path.exists() and not _is_within(path, kept):
            kept = [other for other in kept if not other.is_relative_to(path)] + [path]
    return kept


def _is_within(path: Path, roots: Iterable[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)
