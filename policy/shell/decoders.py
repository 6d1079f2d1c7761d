"""Programs that turn encoded text back, worked out: base64, hexadecimal, compression."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable

from policy.calls import Call
from policy.shell.marks import HOLE, clean, is_known
from policy.shell.options import parse
from policy.shell.paths import resolved
from policy.shell.streams import Stream
from policy.vocabulary import named

_NOT_HEXADECIMAL = re.compile(r"[^0-9a-fA-F]")
_LARGEST = 200_000


def _input(call: Call, operands: list[str]) -> str:
    """Text that a decoder reads; a hole when it is not known."""
    if operands and operands[0] != "-":
        known = call.files.get(resolved(operands[0], call.cwd))
        return known.text if known else HOLE
    return (call.stdin or Stream(HOLE)).text


def _decoded(text: str, decode: Callable[[str], bytes]) -> str:
    if not is_known(text):
        return HOLE
    try:
        return clean(decode(text).decode("utf-8", "replace"))
    except (ValueError, binascii.Error, zlib.error):
        return HOLE


def _base64(call: Call) -> str | None:
    options = parse(call.args, "wbio", ("wrap",))
    if not options.has("d", "D", "decode"):
        return None
    return _decoded(_input(call, options.all("i") or options.operands), _from_base64)


def _from_base64(text: str) -> bytes:
    kept = re.sub(r"[^A-Za-z0-9+/]", "", text)
    return base64.b64decode(kept + "=" * (-len(kept) % 4))


def _base32(call: Call) -> str | None:
    options = parse(call.args, "w", ("wrap",))
    if not options.has("d", "D", "decode"):
        return None
    return _decoded(
        _input(call, options.operands), lambda text: base64.b32decode("".join(text.split()))
    )


def _xxd(call: Call) -> str | None:
    if not any(re.fullmatch(r"-\w*r\w*", arg) for arg in call.args):
        return None
    operands = [arg for arg in call.args if not arg.startswith("-")]
    return _decoded(
        _input(call, operands), lambda text: bytes.fromhex(_NOT_HEXADECIMAL.sub("", text))
    )


def _openssl(call: Call) -> str | None:
    if "-d" not in call.args:
        return None
    plain = "base64" in call.args or "-base64" in call.args or "-a" in call.args
    if not plain or any("aes" in arg or "des" in arg for arg in call.args):
        return HOLE
    return _decoded((call.stdin or Stream(HOLE)).text, _from_base64)


def _unknown(_: Call) -> str | None:
    return HOLE


DECODERS: dict[str, Callable[[Call], str | None]] = {
    "base64": _base64,
    "gbase64": _base64,
    "base32": _base32,
    "basenc": _base64,
    "xxd": _xxd,
    "openssl": _openssl,
    **named(
        "gunzip zcat gzip bunzip2 bzcat xzcat unxz zstdcat uudecode gpg uncompress "
        "lzcat hexdump od unzip 7z age basez",
        _unknown,
    ),
}
"""Decoders by name: decoded text, a hole when it is not known, None when nothing is decoded."""
