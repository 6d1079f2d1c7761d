"""Properties: no wrapping, quoting or nesting makes a destructive command pass, none makes data
suspicious, and no text at all makes the judge fail."""

import base64
import shlex
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.steps import VerdictDecision
from policy.commands import Mode, judge

SIMPLE = [
    "rm -rf build",
    "unlink x",
    "git reset --hard",
    "git push --force origin main",
    "chmod 777 x",
    "kill -9 123",
    "sudo ls",
    "truncate -s 0 x",
    "docker rm c",
    "kubectl delete pod x",
    "npm publish",
    "crontab -r",
    "dropdb x",
    "psql -c 'DROP TABLE x'",
    "find . -delete",
    "cp x /etc/hosts",
    "cat /etc/shadow",
]
PREFIXES = [
    "env ",
    "env A=b ",
    "nohup ",
    "nice -n 5 ",
    "timeout 5 ",
    "timeout -k 1 -s KILL 5 ",
    "time ",
    "command ",
    "setsid ",
    "stdbuf -oL ",
    "exec ",
    "A=b ",
    "/usr/bin/env ",
    "ionice -c3 ",
    "! ",
    "xargs ",
    "xargs -I@ ",
    "uv run ",
    "poetry run ",
    "strace -f ",
    "flock /tmp/l ",
    "busybox env ",
    ">/dev/null ",
    "2>&1 ",
]
TEXTS = [
    "{}",
    "ls; {}",
    "true && {}",
    "false || {}",
    "{{ {}; }} | cat",
    "ls | {{ {}; }}",
    "( {} )",
    "{{ {}; }}",
    "{} &",
    "if true; then {}; fi",
    "for i in 1 2; do {}; done",
    "g() {{ {}; }}; g",
    "while true; do {}; done",
    "case x in x) {};; esac",
    "echo $( {} )",
    "x=$( {} )",
    "cat <({})",
    "ls\n{}",
    "ls # hi\n{}",
    "until {}; do :; done",
    "[[ -f x ]] && {}",
    "coproc {}",
    'echo "a $( {} ) b"',
    "time {{ {}; }}",
    "cat <<X\n$( {} )\nX",
    "echo ${{x:-$( {} )}}",
]
QUOTED = [
    "sh -c {}",
    "bash -c {}",
    "bash -lc {}",
    "eval {}",
    "echo {} | sh",
    "printf %s {} | bash",
    "bash <<< {}",
    "zsh -c {}",
    "xargs -I@@ sh -c {}",
    "find . -exec sh -c {} \\;",
    "trap {} EXIT",
    "su -c {}",
    "watch {}",
    "script -c {} out",
    'x={}; bash -c "$x"',
    'set -- {}; eval "$1"',
    "echo {} > s.sh; sh s.sh",
    "env bash -c {}",
    "timeout 5 bash -c {}",
    "ssh host {}",
    "source <(echo {})",
    "nix-shell --run {}",
    'python3 -c "import os,sys; os.system(sys.argv[1])" {0}; sh -c {0}',
]
DATA = [
    "echo {}",
    "printf '%s\\n' {}",
    "git commit -m {}",
    "grep -rn {} src",
    "rg {}",
    'x={}; echo "$x"',
    "cat > notes.md <<'END'\n{}\nEND",
    "ls # {}",
    ": {}",
    "git log --grep={}",
    "echo {} >> notes.md",
    "python3 -c 'print(1)' {}",
    "test x = {}",
    "[ x = {} ]",
    "[[ x = {} ]]",
    "gh pr create --title {}",
    "echo {} | grep x",
    "git tag -a v1 -m {}",
    'arr=({}); echo "${{arr[@]}}"',
    "logger {}",
    "case {} in x) ls;; esac",
    'for w in {}; do echo "$w"; done',
    'f() {{ echo "$1"; }}; f {}',
    "jq -n --arg x {} '$x'",
    "awk -v x={} 'BEGIN {{print x}}'",
    "npm test -- -t {}",
    "pytest -k {}",
]

PROGRAMS = [prefix for prefix in PREFIXES if prefix[0].islower()]

relaxed = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def requoted(draw: st.DrawFn, word: str) -> str:
    """A word with each of its characters quoted in some way, so that bash reads the same word."""
    if not word or not all(character in string.ascii_letters + "-/." for character in word):
        return word
    ways = ["{}", "\\{}", "'{}'", '"{}"', "$'{}'", "''{}", '""{}', "{}\\\n"]
    hexadecimal = st.sampled_from(word).map(lambda character: f"$'\\x{ord(character):02x}'")
    pieces = []
    for character in word:
        way = draw(st.sampled_from(ways))
        pieces.append(way.format(character))
        if draw(st.integers(0, 9)) == 0:
            draw(hexadecimal)
            pieces[-1] = f"$'\\x{ord(character):02x}'"
    return "".join(pieces)


@st.composite
def commands(draw: st.DrawFn) -> str:
    """A destructive command behind up to three prefixes, its first words quoted anew."""
    words = draw(st.sampled_from(SIMPLE)).split(" ")
    words[0] = draw(requoted(words[0]))
    text = " ".join(words)
    for prefix in draw(st.lists(st.sampled_from(PROGRAMS), max_size=2)):
        text = prefix + text
    last = draw(st.sampled_from(["", *PREFIXES]))
    return last + text


@st.composite
def nested(draw: st.DrawFn) -> str:
    """A destructive command inside up to three layers of text."""
    text = draw(commands())
    for layer in draw(st.lists(st.sampled_from([*TEXTS, *QUOTED]), max_size=3)):
        text = layer.format(shlex.quote(text) if layer in QUOTED else text)
    return text


@given(nested())
@relaxed
def test_wrapping_never_makes_a_destructive_command_pass(command: str) -> None:
    assert judge(command).decision is not VerdictDecision.RUN


@given(commands(), st.sampled_from(["base64 -d", "base64 --decode", "openssl base64 -d"]))
@relaxed
def test_encoding_never_makes_a_destructive_command_pass(command: str, decoder: str) -> None:
    encoded = base64.b64encode(command.encode()).decode()
    assert judge(f"echo {encoded} | {decoder} | sh").decision is not VerdictDecision.RUN


@given(nested(), st.sampled_from(DATA))
@relaxed
def test_destructive_words_that_are_only_data_run(command: str, place: str) -> None:
    inside = command if "<<" in place or "#" in place else shlex.quote(command)
    if "\n" in inside and ("#" in place or "END" in inside):
        return
    assert judge(place.format(inside)).decision is VerdictDecision.RUN


@given(nested())
@relaxed
def test_the_workspace_aware_mode_never_asks_for_more(command: str) -> None:
    seed, aware = judge(command), judge(command, mode=Mode.WORKSPACE_AWARE)
    assert set(aware.categories) <= set(seed.categories)


shell_text = st.text(
    st.sampled_from("rm -f;|&<>(){}[]$`'\"\\\n\t #!*?~=+,.:@%^/0123abc\r\0\x01\ud800\ue000é🦀"),
    max_size=80,
)


@given(st.one_of(st.text(max_size=200), shell_text))
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_makes_the_judge_fail(command: str) -> None:
    verdict = judge(command)
    assert "could not be read" not in verdict.reason or "\0" in command


@given(nested(), st.integers(0, 300), st.integers(0, 20), st.text(max_size=3))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_broken_command_makes_the_judge_fail(
    command: str, at: int, length: int, inserted: str
) -> None:
    broken = command[:at] + inserted + command[at + length :]
    assert "could not be read" not in judge(broken).reason or "\0" in broken
