"""What is blanked, what must stay, and that it makes no difference how the text is cut."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.key_blocks import BLANKED
from policy.redaction import Redactor, secret_values

KEY = "sk-ant-api03-" + "s3cretWord-" * 5
CODE = "6283"
TOKEN = "the/token+of=the api"
REDACTOR = Redactor(
    [KEY, CODE, TOKEN, "k1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=,k2:MTIzNDU2Nzg5MDEy"]
)
NOBODY_TOLD = Redactor()

PEM = f"""-----BEGIN OPENSSH PRIVATE KEY-----
{"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ" * 1}
AAAECXxSecretSecretSecretSecretSecretSecretSecretSecretSecretSecret123
c2hvcnQ=
-----END OPENSSH PRIVATE KEY-----
"""
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {KEY} end", "key [redacted] end"),
        (f"x{KEY}x", "x[redacted]x"),
        ("the code is 6283.", "the code is [redacted]."),
        ("CONFIRMATION_CODE=6283\n", "CONFIRMATION_CODE=[redacted]\n"),
        ("code_6283", "code_[redacted]"),
        ('{"code":"6283"}', '{"code":"[redacted]"}'),
        ("16283 62830 a6283 6283b 3d6283f", "16283 62830 a6283 6283b 3d6283f"),
        ("the/token+of=the api", "[redacted]"),
        ("?t=the%2Ftoken%2Bof%3Dthe%20api", "?t=[redacted]"),
        ("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", "[redacted]"),
        ("MTIzNDU2Nzg5MDEy", "[redacted]"),
        (f"cut off: {KEY[:30]}…", "cut off: [redacted]…"),
        (f"cut off: {KEY[:8]}", "cut off: [redacted]"),
        ("nothing to see", "nothing to see"),
        ("", ""),
    ],
)
def test_known_values_are_blanked(text: str, shown: str) -> None:
    assert REDACTOR.text(text) == shown


def test_words_of_a_passphrase_stay() -> None:
    redactor = Redactor(["correct horse: battery"])
    assert redactor.text("correct horse: battery") == BLANKED
    assert redactor.text("a correct battery, horse") == "a correct battery, horse"


def test_an_address_gives_away_its_parts() -> None:
    hook = "https://discord.example/api/hook/123/AbCdEfGhIjKlMnOp-qrst"
    redactor = Redactor([hook])
    assert redactor.text(f"POST {hook}") == "POST [redacted]"
    assert redactor.text("token AbCdEfGhIjKlMnOp-qrst") == "token [redacted]"
    assert redactor.text("discord.example is down") == "discord.example is down"


SECRETS = [
    "sk-ant-api03-abcDEF",
    "sk-proj-abcdefghijklmnop1234",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0abcdefghijkl",
    "glpat-AbCdEfGhIjKlMnOpQrSt",
    "xoxb-123456789012-abcdefABCDEF",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "sk_live_abcdefghijklmnop1234",
    JWT,
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "a {} b", '"{}",', "key={}\n", "({})", "{}…", "x: {};"])
def test_keys_tell_themselves(secret: str, around: str) -> None:
    shown = NOBODY_TOLD.text(around.format(secret))
    assert shown == around.format(BLANKED)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [redacted]"),
        (
            "curl -H 'authorization: bearer abc.def-0123456789'",
            "'authorization: bearer [redacted]'",
        ),
        ("Authorization: Basic dXNlcjpwYXNzd29yZDE=", "Authorization: Basic [redacted]"),
        ("git clone https://me:hunter2@host/x", "https://me:[redacted]@host/x"),
        ("redis://:hunter2@localhost:6379/0", "redis://:[redacted]@localhost:6379/0"),
        ("https://0123456789abcdef0123@github.com/x", "https://[redacted]@github.com/x"),
        ("https://hooks.slack.com/services/T00/B00/XXXXXXXXXXXX", "com/services/[redacted]"),
        ("/api/webhooks/123456789/AbCdEfGhIjKlMnOpQr", "/api/webhooks/[redacted]"),
        ("DB_PASSWORD=hunter2\nHOME=/root\n", "DB_PASSWORD=[redacted]\nHOME=/root\n"),
        ("export API_KEY='abcdef'", "export API_KEY='[redacted]'"),
        ('declare -x GITHUB_TOKEN="abcdef"', 'GITHUB_TOKEN="[redacted]"'),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=[redacted]"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG12bPxRfiCYEXAMPLEKEY", "key = [redacted]"),
        ("    3\tAPI_TOKEN=abcd1", "    3\tAPI_TOKEN=[redacted]"),
        ("mysql --password=secretword -u root", "mysql --password=[redacted] -u root"),
        ("tool --api-key k1234 go", "tool --api-key [redacted] go"),
        ("host=db password=hunter2 user=x", "host=db password=[redacted] user=x"),
        ("https://x/?access_token=abcd&y=1", "https://x/?access_token=[redacted]&y=1"),
        ("?X-Amz-Signature=abcd1234", "?X-Amz-Signature=[redacted]"),
        ('{"password": "hunter2"}', '{"password": "[redacted]"}'),
        ('"access_token":"2YotnFZFEjr1zCsicMWpAA"', '"access_token":"[redacted]"'),
        ("  password: hunter2\n", "  password: [redacted]\n"),
        ('password = "S3cret!word"', 'password = "[redacted]"'),
        ("client_secret: 3f8a9c1e77b24d5f8a9c1e77b24d5f", "client_secret: [redacted]"),
    ],
)
def test_values_behind_a_name_are_blanked(text: str, shown: str) -> None:
    assert shown in NOBODY_TOLD.text(text)
    assert BLANKED in shown


@pytest.mark.parametrize(
    "text",
    [
        "password = getpass.getpass()",
        "def login(user, password=None, token=token):",
        "connect(host=host, password=settings2.password)",
        "password: str",
        "token: SecretStr | None = Field(None)",
        "token = tokens[position + 1]",
        "if token == '(':",
        "secret = os.environ['DB_PASSWORD']",
        "API_TOKEN=",
        "API_TOKEN=...",
        'API_KEY="$KEY"',
        "TOKEN=$(cat token)",
        "TOKEN={{ token }}",
        "--token TOKEN is what --password needs",
        "MAX_TOKEN=4096",
        "max_tokens=8192, tokens: 12345678",
        "Bearer tokens are sent in the header",
        'f"Authorization: Bearer {token}"',
        "Authorization: Bearer API_TOKEN",
        "SORT_KEY=name PRIMARY_KEY=identifier",
        "key: ed25519.Ed25519PrivateKey, private_key: ed25519.Ed25519PrivateKey,",
        "commit 3f8a9c1e77b24d5f8a9c1e77b24d5f3f8a9c1e77",
        "https://host:8080/path@2x.png",
        "see http://127.0.0.1:8800/codec",
        "task-a7f3 risk-free disk-based-storage sk-fading-circle-of-dots",
        'BEGIN = "-----BEGIN PRIVATE KEY-----"\nEND = 1\n',
        "secret_file = /run/secrets/token1",
        "the password is wrong: try 2 more times",
        "token_url: https://auth.example.com/oauth2/token",
        "eyJ is how a token begins",
        "SecretStr password_hash tokenizer.json",
    ],
)
def test_program_text_stays(text: str) -> None:
    assert NOBODY_TOLD.text(text) == text


@pytest.mark.parametrize("prefix", ["", "     12\t", "id_rsa:12:", "+", "> "[:0]])
def test_private_keys_are_blanked_in_every_dress(prefix: str) -> None:
    text = "".join(f"{prefix}{line}" for line in f"before\n{PEM}after\n".splitlines(keepends=True))
    shown = NOBODY_TOLD.text(text)
    assert [line.removeprefix(prefix) for line in shown.splitlines()] == [
        "before",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        BLANKED,
        "-----END OPENSSH PRIVATE KEY-----",
        "after",
    ]


def test_a_private_key_in_a_string_is_blanked() -> None:
    shown = NOBODY_TOLD.text(json.dumps({"key": PEM, "more": 1}))
    assert "Secret" not in shown
    assert "c2hvcnQ" not in shown
    assert '"more": 1}' in shown


PIECES = st.lists(
    st.sampled_from(
        [
            *SECRETS,
            *PEM.splitlines(keepends=True),
            "\n",
            " ",
            "password=",
            "hunter2",
            "a",
            KEY,
            CODE,
        ]
    ),
    max_size=12,
).map("".join)


@given(PIECES)
def test_what_was_blanked_stays_as_it_is(text: str) -> None:
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once
    assert KEY not in once


@given(PIECES, st.data())
def test_how_lines_are_cut_into_pieces_makes_no_difference(text: str, data: st.DataObject) -> None:
    lines = (text + "\n").splitlines(keepends=True)
    cut = data.draw(st.integers(0, len(lines)))
    stream = REDACTOR.stream()
    shown = stream.lines("".join(lines[:cut])) + stream.lines("".join(lines[cut:]))
    assert shown == REDACTOR.text(text + "\n")


@pytest.mark.parametrize("secret", [KEY, JWT, "sk-proj-abcdefghijklmnop1234", "hunter2"])
def test_an_unfinished_line_may_be_shown_up_to_where_a_secret_begins(secret: str) -> None:
    redactor = Redactor([KEY, "hunter2"])
    line = f"progress ... {secret}"
    for end in range(len("progress ... eyJx"), len(line)):
        shown = line[: redactor.begun(line[:end])]
        assert shown == "progress ... "


@pytest.mark.parametrize("line", ["Password: ", "50% [####      ", "....", "Continue? [y/N] ", ""])
def test_a_prompt_may_be_shown_whole(line: str) -> None:
    assert Redactor([KEY, "hunter2"]).begun(line) == len(line)


@pytest.mark.parametrize(
    "unit", ["sk-", "eyJ-", "password=", "https://a", "bearer ", "a-token-", "-----BEGIN ", "AKIA"]
)
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    REDACTOR.text(text)
    REDACTOR.begun(text)
    assert time.process_time() - began < 5, "more than linear"


def test_secrets_of_an_environment_go_by_their_names() -> None:
    environment = {
        "GITHUB_TOKEN": "long-enough",
        "AWS_SECRET_ACCESS_KEY": "also-long",
        "N8N_WEBHOOK_URL": "https://n8n.example/webhook/abc",
        "SHORT_TOKEN": "short",
        "GPG_KEY": "A035C8C19219BA821ECEA86B64E628F8",
        "TOKEN_FILE": "somewhere-else",
        "CLIENT_SECRET": "/run/secrets/client",
        "PATH": "/usr/bin:/bin",
    }
    assert secret_values(environment) == [
        "long-enough",
        "also-long",
        "https://n8n.example/webhook/abc",
    ]
