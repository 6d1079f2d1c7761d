import pytest

from workspace.network.addresses import check, is_of_this_machine, is_public
from workspace.network.request import BadRequest, read_request
from workspace.network.rules import (
    AllowedHost,
    MisshapenHost,
    Refused,
    Rules,
    Target,
    allowed_hosts,
)

RULES = Rules(
    (
        AllowedHost("index.example"),
        AllowedHost("*.files.example"),
        AllowedHost("mirror", 3141, plain=True, anywhere=True),
        AllowedHost("10.1.2.3", 8080, plain=True, anywhere=True),
    )
)


@pytest.mark.parametrize(
    "target",
    [
        Target("index.example", 443),
        Target("a.files.example", 443),
        Target("a.b.files.example", 443),
        Target("mirror", 3141, plain=True),
        Target("10.1.2.3", 8080, plain=True),
    ],
)
def test_what_is_named_is_allowed(target: Target) -> None:
    assert RULES.judge(target)


@pytest.mark.parametrize(
    "target",
    [
        Target("index.example", 80, plain=True),
        Target("index.example", 22),
        Target("index.example", 443, plain=True),
        Target("files.example", 443),
        Target("evilfiles.example", 443),
        Target("index.example.evil.org", 443),
        Target("www.index.example", 443),
        Target("mirror", 443),
        Target("mirror", 3142, plain=True),
        Target("10.1.2.3", 443),
    ],
)
def test_what_is_not_named_is_refused(target: Target) -> None:
    with pytest.raises(Refused, match=r"not in the allow-list|an address"):
        RULES.judge(target)


@pytest.mark.parametrize("rules", [RULES, Rules(any_public=True)])
@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "a.b.0x",
        "evil.org\0.index.example",
        "evil.org\0.files.example",
        "evil.org%00.files.example",
        ".files.example",
        "index.example.",
        "index..example",
        "-a.files.example",
        "\N{LATIN SMALL LETTER DOTLESS I}ndex.example",
        "files.example/.files.example",
        "",
        "a" * 64 + ".files.example",
        "a." * 130 + "files.example",
    ],
)
def test_tricks_with_names_are_refused(rules: Rules, name: str) -> None:
    with pytest.raises(Refused, match=r"not a host name|an address instead of a name"):
        rules.judge(Target(name, 443))


def test_all_means_any_name_and_port() -> None:
    assert Rules(any_public=True).judge(Target("anything.example", 8443)).anywhere is False


def test_what_people_allow_is_read() -> None:
    assert allowed_hosts([" Git.Example ", "*.example", "one.example:8443", ""]) == (
        AllowedHost("git.example"),
        AllowedHost("*.example"),
        AllowedHost("one.example", 8443),
    )


@pytest.mark.parametrize(
    "entry", ["*", "10.0.0.1", "https://a.example", "a b", "a.*", "a:b", "[::1]", "u@a.example"]
)
def test_what_is_no_host_is_told(entry: str) -> None:
    with pytest.raises(MisshapenHost, match="is no host"):
        allowed_hosts([entry])


@pytest.mark.parametrize(
    ("head", "target"),
    [
        (b"CONNECT Index.Example:443 HTTP/1.1\r\n\r\n", Target("index.example", 443)),
        (b"GET http://mirror:3141/a HTTP/1.1\r\n\r\n", Target("mirror", 3141, plain=True)),
        (b"HEAD http://mirror HTTP/1.1\r\n\r\n", Target("mirror", 80, plain=True)),
    ],
)
def test_requests_are_understood(head: bytes, target: Target) -> None:
    assert read_request(head).target == target


@pytest.mark.parametrize(
    "head",
    [
        b"CONNECT evil.org\0.index.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT evil.org%00@index.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT index.example@evil.org:443 HTTP/1.1\r\n\r\n",
        b"CONNECT evil.org#index.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT index.example HTTP/1.1\r\n\r\n",
        b"CONNECT index.example:0 HTTP/1.1\r\n\r\n",
        b"CONNECT index.example:443000 HTTP/1.1\r\n\r\n",
        b"CONNECT index.example:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT index.example:4\xd9\xa43 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
        "CONNECT índex.example:443 HTTP/1.1\r\n\r\n".encode(),
        b"GET http://index.example@evil.org/ HTTP/1.1\r\n\r\n",
        b"GET http://mirror:3141\\@evil.org/ HTTP/1.1\r\n\r\n",
        b"GET https://mirror/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: mirror\r\n\r\n",
        b"POST http://mirror:3141/ HTTP/1.1\r\n\r\n",
        b"PUT http://mirror:3141/ HTTP/1.1\r\n\r\n",
        b"GET http://mirror:3141/ HTTP/1.1\r\nHost : evil\r\n\r\n",
        b"GET http://mirror:3141/ HTTP/1.1\r\nA: b\nHost: evil\r\n\r\n",
        b"GET http://mirror:3141/ HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
def test_requests_that_could_be_understood_in_two_ways_are_not(head: bytes) -> None:
    with pytest.raises(BadRequest):
        read_request(head)


def test_a_plain_request_is_said_anew() -> None:
    head = (
        b"GET http://mirror:3141/simple/?a=b HTTP/1.1\r\nHost: evil.org\r\nAccept: */*\r\n"
        b"Proxy-Authorization: x\r\nConnection: keep-alive\r\nContent-Length: 9\r\n\r\n"
    )
    assert read_request(head).message == (
        b"GET /simple/?a=b HTTP/1.1\r\nHost: mirror:3141\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fd00::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2001:0:1::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_the_internet(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(Refused, match=r"private|link-local"):
        check(["8.8.8.8", address], AllowedHost("rebound.example"))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111"])
def test_addresses_of_the_internet(address: str) -> None:
    check([address], AllowedHost("index.example"))


def test_a_mirror_may_be_private_but_never_link_local() -> None:
    mirror = AllowedHost("mirror", anywhere=True)
    check(["10.0.0.1", "127.0.0.1"], mirror)
    with pytest.raises(Refused, match="link-local"):
        check(["169.254.169.254"], mirror)


def test_this_machine_knows_its_own_addresses() -> None:
    assert is_of_this_machine("127.0.0.1")
    assert not is_of_this_machine("8.8.8.8")
