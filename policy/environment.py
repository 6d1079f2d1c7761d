"""Variables of the environment that change which program runs, or what it loads."""

import re

from policy.effects import Category, Finding, Sets
from policy.shell.marks import HOLE
from policy.shell.paths import name_of
from policy.vocabulary import words_of

ELSEWHERE = Finding(Category.MACHINES, "run something on another machine")
CHANGES_PROGRAMS = Finding(Category.CODE, "change which programs later commands run")

_LOADS_CODE = frozenset(
    words_of(
        "LD_PRELOAD LD_AUDIT BASH_ENV PROMPT_COMMAND PERL5OPT PERL5DB PYTHONSTARTUP "
        "PYTHONHOME GIT_SSH_COMMAND GIT_SSH GIT_PROXY_COMMAND GIT_EXTERNAL_DIFF "
        "GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS "
        "GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG DYLD_INSERT_LIBRARIES "
        "DYLD_LIBRARY_PATH LESSOPEN LESSCLOSE SUDO_ASKPASS PIP_CONFIG_FILE "
        "NPM_CONFIG_SCRIPT_SHELL npm_config_script_shell GCONV_PATH LD_ORIGIN_PATH "
        "FPATH TCLLIBPATH NODE_REPL_EXTERNAL_MODULE RSYNC_RSH TAR_OPTIONS VIMINIT "
        "EXINIT MANOPT LUA_INIT GIO_EXTRA_MODULES OPENSSL_CONF OPENSSL_ENGINES"
    )
)
_SEARCHED = frozenset(words_of("PYTHONPATH NODE_PATH PERL5LIB RUBYLIB CLASSPATH"))
_PROGRAMS = frozenset(
    words_of(
        "PAGER GIT_PAGER MANPAGER SYSTEMD_PAGER AWS_PAGER EDITOR VISUAL GIT_EDITOR "
        "GIT_SEQUENCE_EDITOR GIT_ASKPASS SSH_ASKPASS BROWSER FCEDIT HGEDITOR SVN_EDITOR"
    )
)
_HARMLESS_PROGRAMS = frozenset(
    words_of(
        "cat less more true : vi vim nvim nano emacs code sed ed tee head tail bat "
        "delta echo most touch cp subl micro hx joe pico false notepad mcedit firefox "
        "open xdg-open chromium none"
    )
)
_TOOL_DIRECTORY = re.compile(
    r"^/(?:usr|opt|snap|nix|home/linuxbrew|Library|System)(?:/|$)|^/s?bin$"
    r"|^(?:/home/[^/]+|/root|/Users/[^/]+|~)/(?:\.|(?:[\w.+-]+/)*s?bin$)"
    r"|/(?:\.?venv|\.?virtualenv|env|\.tox|node_modules|miniconda3?|anaconda3?|conda)"
    r"(?:/[\w.-]+)*/bin$|/node_modules/\.bin$|\ue000/(?:s?bin|Scripts|node_modules/\.bin)$"
)
_SYSTEM_LIBRARIES = re.compile(r"/(?:usr|lib|lib64|opt)(?:/|$)|\ue000")
_AGENT = re.compile(r"-javaagent|-agent(?:path|lib)|-XX:On")
_LOADING_OPTIONS = {
    "NODE_OPTIONS": re.compile(r"(?:^|\s)(?:-r\b|--require|--import|--(?:experimental-)?loader)"),
    "JAVA_TOOL_OPTIONS": _AGENT,
    "_JAVA_OPTIONS": _AGENT,
    "JDK_JAVA_OPTIONS": _AGENT,
    "RUBYOPT": re.compile(r"(?:^|\s)-r"),
}
_SUBSTITUTES = re.compile(r"\$\(|`")


def finding_of(effect: Sets) -> Finding | None:
    """What setting a variable needs a code for."""
    name, value = effect.name, effect.value.strip()
    if value in ("", "/dev/null") and name != "PATH":
        return None
    if name == "DOCKER_HOST" and not value.startswith("unix:"):
        return ELSEWHERE
    unsafe = (
        name in _LOADS_CODE
        or name.startswith(("BASH_FUNC_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))
        or (name == "PATH" and not is_path_harmless(value))
        or (name in _PROGRAMS and not is_program_harmless(value))
        or (name == "LD_LIBRARY_PATH" and not _are_libraries_harmless(value))
        or (name in _LOADING_OPTIONS and bool(_LOADING_OPTIONS[name].search(value)))
        or (name in ("PS4", "PS1", "PS0", "PS2") and bool(_SUBSTITUTES.search(value)))
        or (name in _SEARCHED and any(map(_is_shared, value.split(":"))))
        or (name == "ENV" and effect.exported and value.startswith(("/", ".", "~")))
    )
    return CHANGES_PROGRAMS if unsafe else None


def _is_shared(directory: str) -> bool:
    """Tell whether anybody may put files into a directory."""
    return directory.startswith(("/tmp", "/var/tmp", "/dev/shm"))  # noqa: S108 - compared, not used


def is_path_harmless(value: str) -> bool:
    """Tell whether a search path only adds tool directories, or adds behind what is there."""
    if "/usr/bin" not in value:
        return False
    front = value.partition("/usr/local/sbin:")[0] if "/usr/local/sbin:" in value else value
    return all(_TOOL_DIRECTORY.search(part) for part in front.split(":") if part)


def _are_libraries_harmless(value: str) -> bool:
    return all(_SYSTEM_LIBRARIES.match(part) for part in value.split(":") if part)


def is_program_harmless(value: str) -> bool:
    """Tell whether a pager or editor is one that runs nothing by itself."""
    words = value.replace(HOLE, " ").split() or [""]
    return name_of(words[0]) in _HARMLESS_PROGRAMS
