"""What Temporal is given: sealed, bound to its key, readable by every holder of it."""

import asyncio
import stat
import threading
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from encryption import (
    KEY_FILE,
    EncryptionCodec,
    KeyProblem,
    KeyRing,
    PayloadChanged,
    UnknownKey,
    encryption,
)
from settings import Settings


def entry(key_id: str) -> str:
    return f"{key_id}:{b64encode(key_id.encode() * 32)[:43].decode()}="


def codec(*key_ids: str) -> EncryptionCodec:
    return EncryptionCodec(KeyRing(lambda: ",".join(map(entry, key_ids))))


def clear(data: bytes = b'"6283"') -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


def sealed(by: EncryptionCodec, payload: Payload) -> Payload:
    (result,) = asyncio.run(by.encode([payload]))
    return result


def opened(by: EncryptionCodec, payload: Payload) -> Payload:
    (result,) = asyncio.run(by.decode([payload]))
    return result


def at(home: Path, **more: str) -> Settings:
    return Settings.model_validate({"tars_home": home, **more})


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=9), st.binary(max_size=9)))
def test_what_was_sealed_comes_back_and_does_not_show(
    data: bytes, metadata: dict[str, bytes]
) -> None:
    payload = Payload(metadata=metadata, data=data)
    one = codec("k1")
    secret = sealed(one, payload)
    assert opened(one, secret) == payload
    assert len(data) < 4 or data not in secret.data
    assert sealed(one, payload).data != secret.data


def test_a_key_is_replaced_by_one_before_it() -> None:
    old = sealed(codec("k1"), clear())
    both = codec("k2", "k1")
    assert opened(both, old) == clear()
    assert sealed(both, clear()).metadata["encryption-key-id"] == b"k2"
    with pytest.raises(UnknownKey, match="needs the key 'k1', which is not here"):
        opened(codec("k2"), old)


@pytest.mark.parametrize(
    "payload",
    [
        clear(),
        Payload(metadata={"encoding": b"binary/null"}),
        Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"k1"}, data=b"x"),
        Payload(),
    ],
)
def test_what_others_sent_passes_through(payload: Payload) -> None:
    assert opened(codec("k1"), payload) == payload


@pytest.mark.parametrize("place", [0, 11, 12, 20, -1])
def test_a_changed_payload_is_refused(place: int) -> None:
    payload = sealed(codec("k1"), clear())
    data = bytearray(payload.data)
    data[place] ^= 1
    payload.data = bytes(data)
    with pytest.raises(PayloadChanged, match="'k1'"):
        opened(codec("k1"), payload)


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 12])
def test_a_cut_payload_is_refused(data: bytes) -> None:
    payload = sealed(codec("k1"), clear())
    payload.data = data
    with pytest.raises(PayloadChanged):
        opened(codec("k1"), payload)


def test_the_key_id_is_bound_to_the_payload() -> None:
    """Two ids of one key: a payload cannot be given the other id."""
    twins = EncryptionCodec(KeyRing(lambda: f"{entry('k1')},k2:{entry('k1')[3:]}"))
    payload = sealed(twins, clear())
    payload.metadata["encryption-key-id"] = b"k2"
    with pytest.raises(PayloadChanged):
        opened(twins, payload)


def test_the_first_to_come_makes_the_file_and_all_use_it(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    found: list[str] = []
    start = threading.Barrier(16)

    def come() -> None:
        start.wait()
        found.append(encryption(at(home)).key_id)

    threads = [threading.Thread(target=come) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [file.name for file in home.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_running_process_learns_of_a_new_key(tmp_path: Path) -> None:
    running = encryption(at(tmp_path))
    file = tmp_path / KEY_FILE
    before = sealed(running, clear())
    file.write_text(f"# since today\n{entry('new')}\n{file.read_text()}")
    assert opened(running, sealed(encryption(at(tmp_path)), clear())) == clear()
    assert running.key_id == "new"
    file.unlink()
    after_loss = sealed(encryption(at(tmp_path)), clear())
    assert opened(running, after_loss) == clear()
    assert opened(running, before) == clear()


def test_the_setting_comes_before_the_file(tmp_path: Path) -> None:
    assert encryption(at(tmp_path, payload_key=f"{entry('a')},{entry('b')}")).key_id == "a"
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("hunter2", "Key 1 of payload.keys or PAYLOAD_KEY is not id:key"),
        (f"{entry('a')},b:hunter2", "Key 2 "),
        (f"a:{'hunter2=' * 6}", "Key 1 "),
        ("a:" + b64encode(b"hunter2" * 4).decode(), "Key 1 "),
        (f"{entry('a')},{entry('a')}", "two with the same id"),
        (", ,", "has no key"),
    ],
)
def test_bad_keys_are_named_by_their_place(tmp_path: Path, words: str, told: str) -> None:
    with pytest.raises(KeyProblem, match=told) as problem:
        encryption(at(tmp_path, payload_key=words))
    assert "hunter2" not in str(problem.value)


def test_a_file_for_all_eyes_is_refused(tmp_path: Path) -> None:
    encryption(at(tmp_path))
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(KeyProblem, match=r"can be read by others: run chmod 600 "):
        encryption(at(tmp_path))


def test_a_home_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyProblem, match="cannot be kept: Not a directory"):
        encryption(at(tmp_path / "file" / "home"))


def test_no_draft_is_left_when_the_disk_fails(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "missing" / "elsewhere")
    with pytest.raises(KeyProblem):
        encryption(at(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
