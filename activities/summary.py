"""How a conversation begins anew when it no longer fits: a summary made by rule, not by a model."""

import json
from collections.abc import Sequence

from activities.conversation import Exchange, exchanges, runner_note, user_words, words_in
from models.tools import Tool
from workspace.transcript import Message

MAX_NOTES = 40
MAX_COMMANDS = 80
MAX_FILES = 200
MAX_EXCHANGES = 6
LINE_CHARACTERS = 300
RESULT_CHARACTERS = 1_500


def summarised(messages: Sequence[Message]) -> Message:
    """Return the first message of the conversation that replaces `messages`, the whole old one.

    It holds the goal as it was given, all words of the user, and in short what was done. Its size
    is bounded by the goal, the user's words and the numbers above.
    """
    calls = [call for turn in exchanges(messages) for call in turn]
    sections = [
        ("What you noted on the way", _notes(messages)[-MAX_NOTES:]),
        ("Files you changed", _files(calls)[-MAX_FILES:]),
        ("Commands you ran", _commands(calls)[-MAX_COMMANDS:]),
        ("Your last calls", [_in_short(call) for call in calls[-MAX_EXCHANGES:]]),
    ]
    told = "\n\n".join(f"{title}:\n" + "\n".join(lines) for title, lines in sections if lines)
    words = [user_words(text) for message in messages for text in words_in(message)]
    goal = messages[0].content[:1]
    return Message(role="user", content=[*goal, *words, runner_note(_OPENING + told)])


_OPENING = (
    "The conversation so far became too long and was replaced by this summary. All files are as"
    " you left them; read what you need again, then go on with the work.\n\n"
)


def _notes(messages: Sequence[Message]) -> list[str]:
    said = (message for message in messages if message.role == "assistant")
    texts = [b["text"] for m in said for b in m.content if b["type"] == "text"]
    return [f"- {_line(text)}" for text in texts if text.strip()]


def _files(calls: Sequence[Exchange]) -> list[str]:
    edits = (call for call in calls if call.tool in {Tool.WRITE_FILE, Tool.EDIT_FILE})
    paths = dict.fromkeys(_input(call, "path") for call in edits if not call.is_error)
    return [f"- {path}" for path in paths]


def _commands(calls: Sequence[Exchange]) -> list[str]:
    return [
        f"- {_input(call, 'command')} -> {_ending(call)}"
        for call in calls
        if call.tool == Tool.RUN_COMMAND
    ]


def _ending(call: Exchange) -> str:
    if call.exit_code is not None:
        return f"exit code {call.exit_code}"
    return _line(call.result) if call.is_error else "done"


def _in_short(call: Exchange) -> str:
    given = _line(json.dumps(call.input, ensure_ascii=False))
    return f"- {call.tool} {given}\n{call.result[-RESULT_CHARACTERS:]}"


def _input(call: Exchange, name: str) -> str:
    return _line(str(call.input.get(name, "")))


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE_CHARACTERS else line[: LINE_CHARACTERS - 1] + "…"
