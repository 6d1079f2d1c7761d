"""Every update in Discord's shape: as the golden file has it, and always as Discord takes it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.discord_card import Card
from activities.discord_messages import is_shown, note_of
from activities.discord_note import SILENT, Manner
from activities.discord_text import code_block
from demo.discord_rules import check_message
from models.buttons import parse_button
from models.task import Phase
from models.updates import Update, UpdateKind
from tests.activities.chat import REQUEST, TASK, ended, story, update

GOLDEN = Path(__file__).with_name("discord.golden.json")
KIND = UpdateKind
LESSON = """
What Discord is sent has changed. If that was meant, look at the difference after:

    .venv/bin/python -c "from tests.activities import test_discord_messages as t; t.write_golden()"
"""


def rendered() -> str:
    """Each update's own message, and the card after it."""
    card, told = Card(), []
    for one in story():
        card.fold(one)
        note = note_of([one], Manner(mention_user="42", buttons=True, answers_here=True))
        body = card.body("a7f3", "Build it", one.at)["embeds"][0]
        facts = " · ".join(field["value"] for field in body["fields"])
        shown = {"facts": facts, "lines": body["description"].split("\n")}
        told.append({"kind": one.kind, "message": note.body if note else None, "card": shown})
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def write_golden() -> None:
    GOLDEN.write_text(rendered())


def note(one: Update, **manner: Any) -> dict[str, Any]:
    made = note_of([one], Manner(**manner))
    assert made
    return made.body


def test_a_story_is_told_as_the_golden_file_has_it() -> None:
    assert rendered() == GOLDEN.read_text(), LESSON


LONG = ["x" * 9_000, "`" * 9_000, "😀" * 9_000, "*@<_" * 3_000, "\n```\n" * 2_000, "a " * 5_000]
TEXTS = st.sampled_from([*LONG, "", " ", "\x1f", "2026-11-22T10:05:00+00:00", "done"])
NAMES = [
    *("goal", "command", "reason", "purpose", "word", "request_id", "expires_at", "wakes", "text"),
    *("by", "path", "question", "summary", "preview", "branch", "files", "channel", "call_id"),
]
LISTS = ("options", "checks_run")
UPDATES = st.builds(
    Update,
    at=st.just(story()[0].at),
    task_id=st.just(TASK),
    kind=st.sampled_from(UpdateKind),
    phase=st.sampled_from(Phase),
    chat=TEXTS,
    data=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(NAMES, TEXTS) | dict.fromkeys(LISTS, st.lists(TEXTS, max_size=12)),
    ),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(UPDATES, min_size=1, max_size=8))
def test_whatever_is_told_discord_takes_it(updates: Sequence[Update]) -> None:
    card = Card()
    for one in updates:
        card.fold(one)
    check_message(card.body("a7f3", updates[0].chat, updates[0].at), [], buttons=False)
    assert len(card.model_dump_json()) < 8_000
    made = note_of(updates, Manner(mention_user="42", buttons=True))
    if made:
        files = [text.encode("utf-8", "replace") for text in made.files.values()]
        check_message(made.body, files, buttons=True)


def test_many_quiet_updates_are_one_silent_message_that_says_how_many_there_were() -> None:
    many = [update(KIND.COMMAND_STARTED, command=f"step {number}") for number in range(50)]
    body = note_of(many, Manner()).body  # type: ignore[union-attr]
    assert body["flags"] == SILENT
    shown = body["embeds"][0]["description"]
    assert shown.startswith("-# 30 more before\n▶ `step 30`")
    assert shown.endswith("▶ `step 49`")


def test_a_request_shows_the_whole_command_or_attaches_it() -> None:
    command = "rm -rf build &&\n" * 300
    made = note_of([update(KIND.CONFIRMATION_REQUESTED, command=command, word="w")], Manner())
    assert made
    assert "the rest is attached" in made.body["embeds"][0]["description"]
    assert made.files == {"command.txt": command}
    short = note_of([update(KIND.CONFIRMATION_REQUESTED, command="rm a", word="w")], Manner())
    assert short
    assert short.files == {}
    assert short.body["embeds"][0]["description"] == code_block("rm a", 100)


def test_only_the_one_who_is_asked_is_mentioned_and_rung() -> None:
    asked = update(KIND.CONFIRMATION_REQUESTED, command="rm a", word="w", request_id=REQUEST)
    body = note(asked, mention_user="42")
    assert "<@42>" in body["content"]
    assert body["allowed_mentions"] == {"users": ["42"]}
    assert "flags" not in body
    assert "allowed_mentions" not in note(ended(), mention_user="42")
    assert note(update(KIND.PHASE_CHANGED), mention_user="42")["flags"] == SILENT


def test_buttons_name_the_task_and_the_request() -> None:
    asked = update(KIND.CONFIRMATION_REQUESTED, command="rm a", word="w", request_id=REQUEST)
    (row,) = note(asked, buttons=True)["components"]
    pressed = [parse_button(one["custom_id"]) for one in row["components"]]
    assert [(one.press, one.task_id, one.request_id) for one in pressed if one] == [
        ("confirm", TASK, REQUEST),
        ("deny", TASK, REQUEST),
    ]
    assert "components" not in note(asked)


@pytest.mark.parametrize("kind", UpdateKind)
def test_quiet_mode_keeps_phases_confirmations_questions_errors_and_the_end(
    kind: UpdateKind,
) -> None:
    left_out = {
        KIND.COMMAND_STARTED,
        KIND.COMMAND_OUTPUT,
        KIND.FILE_EDITED,
        KIND.NOTE,
        KIND.TASK_PAUSED,
        KIND.TASK_RESUMED,
    }
    failed = update(kind, exit_code=1, outcome="failed")
    assert is_shown(failed, Manner(detailed=False)) == (kind not in left_out)
    assert is_shown(failed, Manner(detailed=True))
    good = update(KIND.COMMAND_FINISHED, exit_code=0, outcome="done")
    assert not is_shown(good, Manner(detailed=False))
