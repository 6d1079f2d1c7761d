"""The voice functions over real HTTP: every call is answered with a sentence."""

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.scenarios.steps import finish
from demo.script import Scenario, Turn
from models.speech import spelled
from models.task import State, TaskInput
from models.voice import VoiceFunction
from tests.api.conftest import Served, a_served_house
from tests.asking import CODE, asked, removal, run
from tests.house import Story

SPOKEN_CODE = "6283"


@pytest.fixture(scope="module")
async def voice(
    server: WorkflowEnvironment,
    claude: tuple[ScriptedClaude, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Served]:
    home = tmp_path_factory.mktemp("voice")
    async with a_served_house(server, claude, home, confirmation_code=SPOKEN_CODE) as served:
        yield served


async def say(
    voice: Served, name: str, args: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Call a function; whatever it answers can be said."""
    answer = await voice.http.post(f"/voice/functions/{name}", json={"args": args or {}, **more})
    assert answer.status_code == 200, answer.text
    spoken: dict[str, Any] = answer.json()
    fit_for_a_voice(spoken["speech"])
    return spoken


def fit_for_a_voice(speech: str) -> None:
    sentences = re.split(r"(?<=[.?!])\s+", speech)
    assert 1 <= len(sentences) <= 2, speech
    assert len(speech.split()) <= 40, speech
    assert not re.search(r"[\d`*_/\\$|<>{}\[\]()#;=~^-]", speech), speech


async def asking(voice: Served, words: str = "") -> Story:
    """A task that waits for the code; `words` begin its goal."""
    goal = f"{words} {voice.house.add(removal())}"
    task = TaskInput(goal=goal, limits=voice.house.settings.limits)
    story = Story(voice.house, await voice.house.tasks.start(task), goal)
    await asked(story)
    return story


async def two_asking(voice: Served) -> tuple[Story, Story, str]:
    """Two that wait, and the word of the second; drawn by lot, both may have the same."""
    one, two = await asking(voice), await asking(voice)
    first, second = [(await story.progress()).waiting_for for story in (one, two)]
    assert first
    assert second
    if first.word != second.word:
        return one, two, second.word
    await ended(one, two)
    return await two_asking(voice)


async def ended(*stories: Story) -> None:
    """Leave nothing that waits to other tests."""
    for story in stories:
        if not (await story.progress()).state.is_final:
            await story.tasks.cancel(story.task_id)
        await story.end()


HELLO: Scenario = [
    Turn(blocks=[run("echo hello > hello.py")]),
    Turn(blocks=[finish("Wrote **hello.py**.", spoken="It greets in hello.py.", checks=["true"])]),
]


async def test_a_task_is_started_followed_and_ends_in_words(voice: Served) -> None:
    goal = voice.house.add(HELLO)
    started = await say(voice, "start_autonomous_coding", {"goal": goal})
    task_id = started["data"]["task_id"]
    sign = spelled(task_id.removeprefix("task-"))
    assert started["speech"] == f"I have started task {sign}. I will tell you how it goes."
    assert (started["status"], started["scheduling"]) == ("ok", "WHEN_IDLE")
    assert started["will_continue"] is False  # nothing can follow a call without an id
    await Story(voice.house, task_id, goal).end()
    told = await say(voice, "check_coding_progress", {"task_id": task_id})
    assert told["speech"].endswith("is done. It greets in hello dot py.")
    assert told["data"]["state"] == "completed"


async def test_the_same_call_starts_one_task(voice: Served) -> None:
    given = {"goal": voice.house.add(HELLO)}
    call = {"call_id": f"function-call-{uuid.uuid4()}", "session_id": "session-1"}
    first = await say(voice, "start_autonomous_coding", given, **call)
    again = await say(voice, "start_autonomous_coding", given, **call)
    assert first == again
    assert first["will_continue"] is True
    other = {"goal": voice.house.add(HELLO)}
    different = await say(voice, "start_autonomous_coding", other, **call)
    assert different["data"]["task_id"] != first["data"]["task_id"]
    nameless = [await say(voice, "start_autonomous_coding", given, call_id="1") for _ in range(2)]
    assert nameless[0]["data"]["task_id"] != nameless[1]["data"]["task_id"]


@pytest.mark.parametrize("code", ["6283", 6283, 6283.0, "sixty two eighty three.", "okay, 6283"])
async def test_the_code_alone_is_enough(voice: Served, code: str | float) -> None:
    story = await asking(voice)
    told = await say(voice, "check_coding_progress", {"task_id": story.task_id})
    assert "needs your code for" in told["speech"]
    given = await say(
        voice, "submit_background_confirmation", {"code": code}, session_id="call-of-anna"
    )
    assert given["speech"] == "Thank you, the task goes on."
    updates = await story.updates()
    resolved = next(one for one in updates if one.kind == "confirmation.resolved")
    assert (resolved.data["channel"], resolved.data["actor"]) == ("voice", "call-of-anna")


async def test_a_wrong_code_and_then_a_no(voice: Served) -> None:
    story = await asking(voice)
    wrong = await say(voice, "submit_background_confirmation", {"code": "one two three four"})
    assert wrong["speech"] == "That code was wrong, you have two more tries."
    assert wrong["retryable"] is True
    denied = await say(
        voice, "submit_background_confirmation", {"approve": False, "reason": "I need it"}
    )
    assert denied["speech"] == "All right, it will not be done."
    await story.end()


async def test_the_same_wrong_code_twice_by_one_call_costs_one_try(voice: Served) -> None:
    story = await asking(voice)
    call = {"call_id": "1", "session_id": f"session-{uuid.uuid4()}"}
    for _ in range(2):
        wrong = await say(voice, "submit_background_confirmation", {"code": "1234"}, **call)
        assert wrong["data"]["tries_left"] == 2
    await ended(story)


async def test_the_same_call_id_of_no_known_conversation_is_another_call(voice: Served) -> None:
    story = await asking(voice)
    for left in (2, 1):
        wrong = await say(voice, "submit_background_confirmation", {"code": "1234"}, call_id="1")
        assert wrong["data"]["tries_left"] == left
    await ended(story)


async def test_the_word_may_be_said_with_the_code(voice: Served) -> None:
    one, two, word = await two_asking(voice)
    args = {"code": f"okay {word}, six two eight three, thanks", "approve": None}
    given = await say(voice, "submit_background_confirmation", args)
    assert given["status"] == "ok", given
    await two.end()
    assert (await one.progress()).waiting_for
    await ended(one)


async def test_two_that_wait_are_told_apart(voice: Served) -> None:
    one, two, word = await two_asking(voice)
    unclear = await say(voice, "submit_background_confirmation", {"code": SPOKEN_CODE})
    assert unclear["status"] == "unclear"
    words = {waiting["word"] for waiting in unclear["data"]["waiting"]}
    assert word in words
    assert all(each in unclear["speech"] for each in words)
    given = await say(
        voice, "submit_background_confirmation", {"code": SPOKEN_CODE, "word": word.upper()}
    )
    assert given["status"] == "ok", given
    last = await say(voice, "submit_background_confirmation", {"code": "6 2 8 3"})
    assert last["status"] == "ok"
    await one.end()
    await two.end()


async def test_tasks_are_meant_by_words_of_their_goals(voice: Served) -> None:
    tag = uuid.uuid4().hex[:6].translate(str.maketrans("0123456789", "ghijklmnop"))
    calculator = await asking(voice, f"make an abacus{tag} with tests")
    login = await asking(voice, f"fix the login{tag} page")
    told = await say(voice, "check_coding_progress", {"task_id": f"the abacus{tag} one"})
    assert told["data"]["task_id"] == calculator.task_id
    told = await say(voice, "check_coding_progress", {"task_id": f"login{tag}"})
    assert told["data"]["task_id"] == login.task_id
    unclear = await say(voice, "cancel_coding_task")
    assert (unclear["status"], len(unclear["data"]["tasks"])) == ("unclear", 2)
    cancelled = await say(voice, "cancel_coding_task", {"task_id": f"the login{tag} page"})
    assert cancelled["data"]["task_id"] == login.task_id
    await login.end()
    await ended(calculator)


async def test_a_task_is_steered_in_words(voice: Served) -> None:
    story = await asking(voice)
    which = {"task_id": story.task_id}
    told = await say(voice, "add_coding_instruction", {"instruction": "Use tabs.", **which})
    assert told["speech"].endswith("will hear that before its next step.")
    paused = await say(voice, "pause_coding_task", which)
    assert paused["speech"].endswith("pauses before its next step.")
    await story.until(lambda progress: progress.state is State.PAUSED)
    told = await say(voice, "check_coding_progress", which)
    assert "is paused. It is at step" in told["speech"]
    resumed = await say(voice, "resume_coding_task", which)
    assert resumed["speech"].endswith("goes on.")
    await ended(story)


@pytest.mark.parametrize(
    ("name", "args", "status", "speech"),
    [
        ("dance", {}, "refused", "I have no such function."),
        ("start_autonomous_coding", {}, "unclear", "I did not get that: the goal is missing."),
        (
            "start_autonomous_coding",
            {"goal": "  "},
            "unclear",
            "I did not get that: the goal is missing.",
        ),
        (
            "start_autonomous_coding",
            {"goal": ["x"]},
            "unclear",
            "I did not get that: the goal is not right.",
        ),
        ("submit_background_confirmation", {}, "unclear", "Please say the code, digit by digit."),
        (
            "submit_background_confirmation",
            {"code": "6283"},
            "refused",
            "No task waits for a code.",
        ),
        ("check_coding_progress", {"task_id": "a2b2"}, "unclear", "I know no such task."),
        ("answer_coding_question", {"answer": "red"}, "refused", "The task has asked no question."),
    ],
)
async def test_whatever_is_wrong_is_said(
    voice: Served, name: str, args: dict[str, Any], status: str, speech: str
) -> None:
    told = await say(voice, name, args)
    assert (told["status"], told["speech"]) == (status, speech)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"args": 7}', '{"call_id": "' + "x" * 300 + '"}'])
async def test_bodies_that_cannot_be_read_are_answered_in_words(voice: Served, body: str) -> None:
    answer = await voice.http.post("/voice/functions/check_coding_progress", content=body)
    assert answer.status_code == 200
    fit_for_a_voice(answer.json()["speech"])


async def test_what_is_too_much_is_not_taken_for_too_many_codes(voice: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 100_000

    told = await voice.http.post("/voice/functions/check_coding_progress", content=endless())
    assert told.status_code == 200
    assert told.json()["speech"] == "That was too long for me, please say it in fewer words."
    assert (told.json()["status"], told.json()["retryable"]) == ("refused", False)


async def test_a_project_that_is_none_is_said(voice: Served, tmp_path: Path) -> None:
    told = await say(
        voice, "start_autonomous_coding", {"goal": "x", "project": str(tmp_path / "nowhere")}
    )
    assert (told["status"], told["retryable"]) == ("refused", False)
    assert "nowhere" in told["speech"]


async def test_no_answer_ever_has_the_code(voice: Served) -> None:
    story = await asking(voice)
    wrong = await say(voice, "submit_background_confirmation", {"code": "9753-secret"})
    assert "9753" not in str(wrong)
    await ended(story)


async def test_the_functions_are_declared(voice: Served) -> None:
    for dialect in ("gemini", "openai", "anthropic", "mcp"):
        answer = await voice.http.get("/voice/functions", params={"dialect": dialect})
        assert [one["name"] for one in answer.json()] == [one.value for one in VoiceFunction]
    assert (await voice.http.get("/voice/functions?dialect=klingon")).status_code == 422
    bare = await voice.http.get("/voice/functions", headers={"Authorization": ""})
    assert bare.status_code == 401


def test_the_code_of_these_tests_can_be_said() -> None:
    assert SPOKEN_CODE != CODE
