import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.secrets import command_environment, may_see

WORKER = {
    "PATH": "/opt/python@3.11/bin:/usr/bin",
    "LC_ALL": "de_DE.UTF-8@euro",
    "TERM": "xterm-256color",
    "HOME": "/home/somebody",
    "PIP_INDEX_URL": "https://mirror.example/artifactory/api/pypi/company-virtual-2026/simple",
    "NODE_EXTRA_CA_CERTS": "/etc/ssl/company.pem",
    "https_proxy": "http://proxy.example:3128",
    "ANTHROPIC_API_KEY": "sk-ant-secret",
    "CONFIRMATION_CODE": "1234",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "GITHUB_TOKEN": "secret",
    "LD_PRELOAD": "/tmp/x.so",
    "BASH_ENV": "/tmp/x",
    "SSH_AUTH_SOCK": "/tmp/agent",
}


def test_a_command_sees_only_what_is_allowed() -> None:
    seen = command_environment(WORKER)
    assert seen["PATH"] == WORKER["PATH"]
    assert seen["LC_ALL"] == WORKER["LC_ALL"]
    assert seen["PIP_INDEX_URL"] == WORKER["PIP_INDEX_URL"]
    assert seen["https_proxy"] == WORKER["https_proxy"]
    assert seen["NODE_EXTRA_CA_CERTS"] == WORKER["NODE_EXTRA_CA_CERTS"]
    assert "HOME" not in seen
    assert not {"secret", "sk-ant-secret", "1234"} & set(seen.values())
    assert not {"LD_PRELOAD", "BASH_ENV", "SSH_AUTH_SOCK"} & set(seen)


def test_nothing_asks_pages_or_colours() -> None:
    seen = command_environment({"TERM": "xterm", "PAGER": "less", "CI": ""})
    assert (seen["TERM"], seen["PAGER"], seen["CI"]) == ("dumb", "cat", "1")
    assert seen["GIT_TERMINAL_PROMPT"] == "0"
    assert seen["PATH"]
    assert seen["LANG"] == "C.UTF-8"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "https://me:word@mirror.example/simple"),
        ("PIP_INDEX_URL", "https://token@mirror.example/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://a.example/simple https://me:pa/ss@b.example/simple"),
        ("HTTPS_PROXY", "me:word@proxy.example:3128"),
        ("GOPROXY", "https://mirror.example/go?access_token=abc,direct"),
        ("UV_INDEX_URL", "https://dl.example/9fX2kLmQ7rTz4WvB8nYc/simple"),
    ],
)
def test_an_allowed_name_with_a_secret_in_it_stays_out(name: str, value: str) -> None:
    assert may_see(name, "https://mirror.example/simple")
    assert not may_see(name, value)


@given(st.sampled_from(["PIP_INDEX_URL", "http_proxy", "GOPROXY"]), st.text(min_size=1), st.text())
def test_no_word_before_an_at_sign_gets_through(name: str, word: str, host: str) -> None:
    word, host = "".join(word.split()), "".join(host.split())
    assert not may_see(name, f"https://{word}@{host}")


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_]{1,30}(KEY|TOKEN|SECRET|CODE|PASSWORD)", fullmatch=True), st.text()
    )
)
def test_names_of_secrets_are_never_allowed(worker: dict[str, str]) -> None:
    assert not set(worker) & set(command_environment(worker))
