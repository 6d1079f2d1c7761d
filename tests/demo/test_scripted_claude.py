"""The wire format, the choice of the turn, gates and records, through the real client."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import anthropic
import pytest

from demo.control import Control
from demo.faults import refused
from demo.script import Conversation, Text, Thinking, ToolUse, Turn
from demo.server import listening
from tests.demo.conftest import MODEL, Stage, ask, results, said, user

FULL = Turn(
    blocks=[
        Thinking(thinking="First I think about it for longer than one piece of a stream."),
        Text(text="Then I say what I do, é and 日本語 too."),
        ToolUse(name="read_file", input={"path": "a.txt", "start_line": None, "end_line": 3}),
        ToolUse(name="list_files", input={"path": None}),
    ]
)


async def test_stream_carries_every_block_in_the_order_of_the_api(stage: Stage) -> None:
    client = stage.script("full", [FULL])
    raw = await client.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=[{"role": "user", "content": "go"}],
        thinking={"type": "adaptive", "display": "summarized"},
        stream=True,
    )
    kinds = [event.type async for event in raw]
    without_deltas = [kind for kind in kinds if kind != "content_block_delta"]
    block = ["content_block_start", "content_block_stop"]
    assert without_deltas == ["message_start", *block * 4, "message_delta", "message_stop"]
    assert kinds.count("content_block_delta") > 8


async def test_client_reads_back_exactly_what_was_scripted(stage: Stage) -> None:
    message = await ask(stage.script("full", [FULL]), [user()])
    thinking, text, first, second = message.content
    assert thinking.type == "thinking"
    assert thinking.thinking.startswith("First I think")
    assert thinking.signature
    assert text.type == "text"
    assert text.text == "Then I say what I do, é and 日本語 too."
    assert first.type == second.type == "tool_use"
    assert first.input == {"path": "a.txt", "start_line": None, "end_line": 3}
    assert first.id != second.id
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens > 20


def test_events_are_framed_as_the_api_frames_them(served: Stage) -> None:
    body = {"model": MODEL, "max_tokens": 9, "stream": True, "messages": [user()]}
    connection = http.client.HTTPConnection(urlsplit(served.control.base_url).netloc)
    headers = {"x-api-key": "demo-key", "anthropic-version": "2023-06-01"}
    connection.request("POST", "/s/hello/v1/messages", json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["request-id"].startswith("req_")
    assert text.startswith('event: message_start\ndata: {"type":"message_start"')
    assert 'event: ping\ndata: {"type":"ping"}\n\n' in text
    assert text.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')


async def test_answer_without_streaming_says_the_same(stage: Stage) -> None:
    client = stage.script("full", [FULL])
    streamed = await ask(client, [user()])
    whole = await client.messages.create(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "go"}]
    )
    assert [block.type for block in whole.content] == [block.type for block in streamed.content]
    assert whole.stop_reason == "tool_use"


async def test_thinking_is_shown_only_when_asked_for(stage: Stage) -> None:
    message = await ask(stage.client(), [user()], thinking={"type": "adaptive"})
    assert message.content[0].type == "thinking"
    assert message.content[0].thinking == ""
    assert message.content[0].signature


async def test_conversation_decides_the_turn_and_a_retry_replays_it(stage: Stage) -> None:
    client = stage.client("hello")
    first = await ask(client, [user()])
    again = await ask(client, [user()])
    calls = [message.content[1] for message in (first, again)]
    assert [call.type for call in calls] == ["tool_use", "tool_use"]
    assert calls[0].model_dump(exclude={"id"}) == calls[1].model_dump(exclude={"id"})
    assert first.content[1] != again.content[1], "each call has its own ids"
    last = await ask(client, [user(), said(first), results(first)])
    assert last.content[0].type == "tool_use"
    assert last.content[0].name == "finish_task"
    seen = stage.control.requests("hello")
    assert [(one["turn"], one["call"]) for one in seen] == [(0, 0), (0, 1), (1, 0)]


async def test_scenario_is_named_by_url_by_goal_or_by_default(stage: Stage) -> None:
    stage.claude.default = "chatty"
    await ask(stage.client("hello"), [user("scenario=question")])
    await ask(stage.client(""), [user("Decide. scenario=question")])
    await ask(stage.client(""), [user("Anything.")])
    assert [one["scenario"] for one in stage.control.requests()] == ["hello", "question", "chatty"]


async def test_script_that_runs_out_says_where(stage: Stage) -> None:
    client = stage.client("hello")
    first = await ask(client, [user()])
    talk = [user(), said(first), results(first)]
    last = await ask(client, talk)
    with pytest.raises(anthropic.BadRequestError, match="'hello', turn 2: script exhausted"):
        await ask(client, [*talk, said(last), results(last)])
    (words,) = stage.control.refusals()
    assert words.startswith("400 scripted Claude: scenario 'hello', turn 2")


async def test_script_that_no_longer_fits_says_so(stage: Stage) -> None:
    client = stage.client("hello")
    first = await ask(client, [user()])
    with pytest.raises(anthropic.BadRequestError, match="expected 'hello' in the results, got: no"):
        await ask(client, [user(), said(first), results(first, "no such command")])


async def test_script_that_fails_says_so(stage: Stage) -> None:
    def broken(talk: Conversation) -> Turn:
        raise RuntimeError(talk.goal)

    with pytest.raises(anthropic.BadRequestError, match="the script failed: RuntimeError"):
        await ask(stage.script("broken", broken), [user()])


async def test_unknown_scenario_is_refused(stage: Stage) -> None:
    with pytest.raises(anthropic.BadRequestError, match="no scenario 'nowhere'"):
        await ask(stage.client("nowhere"), [user()])


async def test_held_turn_waits_for_its_release(stage: Stage) -> None:
    asking = asyncio.ensure_future(ask(stage.script("gated", [Turn(gate="door")]), [user()]))
    await asyncio.to_thread(stage.control.wait_for, lambda one: one["outcome"] == "held")
    assert not asking.done()
    stage.control.release("door")
    assert (await asking).stop_reason == "end_turn"
    assert stage.control.requests()[-1]["outcome"] == "answered"


async def test_any_turn_can_be_held_and_its_client_may_leave(stage: Stage) -> None:
    stage.control.hold("hello/0")
    asking = asyncio.ensure_future(ask(stage.client("hello"), [user()]))
    await asyncio.to_thread(stage.control.wait_for, lambda one: one["outcome"] == "held")
    asking.cancel()
    left = await asyncio.to_thread(
        stage.control.wait_for, lambda one: one["outcome"] == "abandoned"
    )
    assert left["turn"] == 0
    stage.control.release("hello/0")
    await ask(stage.client("hello"), [user()])
    assert [one["call"] for one in stage.control.requests()] == [0, 1]


async def test_records_keep_no_key(stage: Stage) -> None:
    await ask(stage.client(), [user("Tell me.")])
    (seen,) = stage.control.requests()
    assert seen["body"]["messages"] == [user("Tell me.")]
    assert "demo-key" not in json.dumps(seen)


async def test_scenario_can_be_added_at_run_time(stage: Stage) -> None:
    turn = {"blocks": [{"type": "text", "text": "Hi."}], "faults": ["overloaded", None, "cut"]}
    stage.control.add("fresh", [turn])
    client = stage.client("fresh")
    with pytest.raises(anthropic.OverloadedError):
        await ask(client, [user()])
    message = await ask(client, [user()])
    assert message.content[0].type == "text"
    assert message.content[0].text == "Hi."


def test_scenario_with_a_misspelt_field_is_refused(served: Stage) -> None:
    with pytest.raises(ValueError, match="delay"):
        served.control.add("bad", [{"delay": 3}])


async def test_hundred_conversations_go_on_at_once(stage: Stage) -> None:
    client = stage.client("long")

    async def talk(number: int) -> int:
        messages = [user(f"task {number} turns=3")]
        while True:
            message = await ask(client, messages)
            if message.content[-1].type == "tool_use" and message.content[-1].name == "finish_task":
                return len(messages)
            messages += [said(message), results(message)]

    assert await asyncio.gather(*map(talk, range(100))) == [7] * 100


async def test_models_tell_their_lifecycle(stage: Stage) -> None:
    client = stage.client()
    assert (await client.models.retrieve(MODEL)).lifecycle == "active"
    old = await client.models.retrieve("claude-sonnet-4-5")
    assert old.lifecycle == "deprecated"
    assert old.retires_at is not None
    assert old.retires_at.year == 2026
    assert MODEL in [model.id async for model in client.models.list()]
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("claude-none")


async def test_unknown_address_is_not_found(stage: Stage) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        await stage.client().get("/v1/nothing", cast_to=object)
    assert caught.value.type == "not_found_error"


async def test_summary_is_the_same_conversation_begun_anew(stage: Stage) -> None:
    turns = [Turn(blocks=[Text(text="Hi.")], faults=[refused(400, "prompt is too long")])]
    client = stage.script("full", turns)
    goal = {"type": "text", "text": "Do it."}
    with pytest.raises(anthropic.BadRequestError):
        await ask(client, [user([goal])])
    summary = {"type": "text", "text": "So far nothing was done."}
    assert (await ask(client, [user([goal, summary])])).stop_reason == "end_turn"


async def test_count_tokens_agrees_with_usage(stage: Stage) -> None:
    client = stage.client()
    counted = await client.messages.count_tokens(
        model=MODEL, messages=[{"role": "user", "content": "How long is this?"}]
    )
    message = await ask(client, [user("How long is this?")])
    assert counted.input_tokens == message.usage.input_tokens > 0


async def test_paused_turn_is_sent_back_unchanged(stage: Stage) -> None:
    paused = Turn(blocks=[Text(text="A moment.")], stop_reason="pause_turn")
    client = stage.script("pausing", [paused, Turn(blocks=[Text(text="Done.")])])
    first = await ask(client, [user()])
    assert first.stop_reason == "pause_turn"
    second = await ask(client, [user(), said(first)])
    assert second.stop_reason == "end_turn"


def test_process_tells_its_address_and_ends_on_a_signal(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "demo", "--pace", "0", "--ready-file", str(ready)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert ready.read_text() == url
        assert Control(url).requests() == []
        os.kill(process.pid, signal.SIGTERM)
        process.wait(10)
    finally:
        process.kill()
        process.communicate()
    with pytest.raises(OSError, match="refused"):
        Control(url).requests()


def test_socket_sends_small_pieces_at_once() -> None:
    with listening(0) as sock:
        assert sock.proto == socket.IPPROTO_TCP, "asyncio sets TCP_NODELAY only then"
        assert sock.getsockname()[0] == "127.0.0.1"


async def test_scripted_time_passes_and_pace_scales_it(stage: Stage) -> None:
    stage.claude.pace = 0.01
    client = stage.script("slow", [Turn(blocks=[Text(text="Slow.")], start_seconds=30)])
    before = time.monotonic()
    await ask(client, [user()])
    assert time.monotonic() - before >= 0.3
