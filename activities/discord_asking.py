"""What a person is asked on Discord: the code for a command, or a question of Claude's."""

from typing import Any

from activities.discord_card import ORANGE, deadline, short_of
from activities.discord_note import Manner, Note, ringing
from activities.discord_text import code_block, markdown, plain
from models.buttons import Button, Press, parse_button
from models.updates import WHY_CALLED, Update

MAX_SHOWN_COMMAND = 3_000
"""Of the 6,000 characters that all embeds of a message may have."""

_GREEN_BUTTON, _RED_BUTTON = 3, 4
_REMINDERS = {"wrong_code": ("❌", "was given a wrong code"), WHY_CALLED: ("📞", "calls you")}


def requested(update: Update, manner: Manner) -> Note:
    """Ask for the code, with the exact command and all that helps to decide."""
    data, short = update.data, short_of(update.task_id)
    word, command = plain(str(data.get("word")), 60), str(data.get("command") or "")
    rest = f"\n… the rest is attached; or see ./tars status {short}"
    fields = [("It would", "reason"), ("Claude says", "purpose")]
    embed = {
        "title": f"#{short} · {word}",
        "description": code_block(command, MAX_SHOWN_COMMAND, rest),
        "color": ORANGE,
        "fields": [
            {"name": title, "value": plain(str(data[name]), 800)}
            for title, name in fields
            if str(data.get(name) or "").strip()
        ]
        + [{"name": "Answer", "value": _how_to_answer(short, manner)}],
    }
    is_cut = rest in str(embed["description"])
    until = deadline(data.get("expires_at")).removeprefix(", ")
    body = ringing(f"⚠️ Task #{short} needs your code for **{word}** {until}", manner)
    request_id = str(data.get("request_id") or "")
    if manner.buttons and parse_button(str(Button(Press.DENY, update.task_id, request_id))):
        body["components"] = [_buttons(update.task_id, request_id)]
    files = {"command.txt": command} if is_cut else {}
    return Note(body | {"embeds": [embed]}, files, asks=request_id)


def _how_to_answer(short: str, manner: Manner) -> str:
    ways = [
        "Press a button" if manner.buttons else "",
        "Type the code here, or `no`" if manner.answers_here else "",
        f"`./tars confirm CODE {short}` or `./tars deny {short}`",
    ]
    return "\n".join(way for way in ways if way)


def _buttons(task_id: str, request_id: str) -> dict[str, Any]:
    pressed = ((Press.CONFIRM, "Approve", _GREEN_BUTTON), (Press.DENY, "Deny", _RED_BUTTON))
    return {
        "type": 1,
        "components": [
            {
                "type": 2,
                "style": style,
                "label": label,
                "custom_id": str(Button(press, task_id, request_id)),
            }
            for press, label, style in pressed
        ],
    }


def reminder(update: Update, manner: Manner) -> Note:
    """Say that it still waits, or that the code was wrong."""
    data = update.data
    mark, said = _REMINDERS.get(str(data.get("why")), ("⏰", "still waits for your code"))
    line = f"{mark} Task #{short_of(update.task_id)} {said}{deadline(data.get('expires_at'))}"
    words = plain(update.chat.replace("**", ""), 1_200)
    return Note(ringing(line, manner) | {"embeds": [{"description": words, "color": ORANGE}]})


def asked(update: Update, manner: Manner) -> Note:
    """Ask a question of Claude's."""
    data, short = update.data, short_of(update.task_id)
    options = [f"- {plain(str(option), 200)}" for option in data.get("options") or []][:10]
    text = markdown(str(data.get("question") or update.chat), 2_000)
    embed = {"description": "\n".join([text, *options]), "color": ORANGE}
    embed["footer"] = {"text": f"./tars answer TEXT {short}"}
    return Note(ringing(f"❓ Task #{short} asks you", manner) | {"embeds": [embed]})
