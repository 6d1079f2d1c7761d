"""What Temporal's Web UI has to show of a task: names, summaries, turns, where it stands."""

import asyncio
import json
from collections.abc import AsyncIterator

from google.protobuf.json_format import ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.common import RawValue, SearchAttributeKey

from demo.scenarios.steps import finish, run
from demo.script import Scenario, Turn, call
from models.contract import SearchAttribute
from models.task import State
from models.tools import Tool
from tests.house import House, Story

VERBS = {"open_workspace", "think", "close_workspace", *Tool} - {Tool.ASK_USER, Tool.FINISH_TASK}
LOCAL_VERBS = {"judge_step"}

MOST_EVENT_BYTES = 4_096
CARRYING = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}
"""Events between two runs, which carry what the task remembers; its stream has a limit too."""

MOST_50_TURNS_BYTES = 1_000_000

EVERY_TOOL: Scenario = [
    Turn(
        blocks=[
            call("list_files", path=None),
            call("write_file", path="a.txt", content="one\n"),
            call("edit_file", path="a.txt", old_text="one", new_text="two"),
        ]
    ),
    Turn(
        blocks=[
            call("read_file", path="a.txt", start_line=None, end_line=None),
            call("search", pattern="two", glob=None),
            run("cat a.txt", phase="testing"),
        ]
    ),
    Turn(blocks=[finish("Wrote **a.txt**.", checks=["cat a.txt"])]),
]


async def events_of(house: House, story: Story) -> AsyncIterator[HistoryEvent]:
    """All events of a task, through all its runs."""
    info = (await story.handle.describe()).raw_description.workflow_execution_info
    run_id = info.first_run_id
    while run_id:
        handle: WorkflowHandle[object, object] = house.client.get_workflow_handle(
            story.task_id, run_id=run_id
        )
        run_id = ""
        async for event in handle.fetch_history_events():
            yield event
            run_id = event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id


async def played(house: House, scenario: Scenario | str, **options: object) -> Story:
    story = await house.start(scenario, **options)
    async with asyncio.timeout(90):
        updates = [update async for update in house.tasks.follow(story.task_id)]
    assert updates[-1].kind == "task.completed", updates[-1].chat
    return story


def told(payload: Payload) -> str:
    text: str = json.loads(payload.data) if payload.data else ""
    return text


def name_of(event: HistoryEvent) -> str:
    """Of an activity, local ones included; "" for other events."""
    if event.HasField("marker_recorded_event_attributes"):
        (data,) = event.marker_recorded_event_attributes.details["data"].payloads
        local: str = json.loads(data.data)["activity_type"]
        return local
    return event.activity_task_scheduled_event_attributes.activity_type.name


async def test_activities_are_the_verbs_and_each_says_what_it_is_about(house: House) -> None:
    story = await played(house, EVERY_TOOL)
    events = [event async for event in events_of(house, story)]
    activities = [event for event in events if name_of(event)]
    assert {name_of(event) for event in activities} == VERBS | LOCAL_VERBS
    summaries = {name_of(event): told(event.user_metadata.summary) for event in activities}
    assert all(summaries.values()), summaries
    assert summaries["run_command"] == summaries["judge_step"] == "cat a.txt"
    assert summaries["edit_file"] == "a.txt"
    assert summaries["think"] == "Turn 3"


async def test_each_turn_is_a_group(house: House) -> None:
    story = await played(house, EVERY_TOOL)
    grouped: dict[str, list[str]] = {}
    labels = {}
    async for event in events_of(house, story):
        for marker in event.event_group_markers:
            labels[marker.label.id] = told(marker.label.label)
            if name := name_of(event):
                grouped.setdefault(marker.label.id, []).append(name)
    assert labels == {f"turn-{turn}": f"Turn {turn}" for turn in (1, 2, 3)}
    assert grouped == {
        "turn-1": ["think", "list_files", "write_file", "edit_file"],
        "turn-2": ["think", "read_file", "search", "judge_step", "run_command"],
        "turn-3": ["think"],
    }


async def test_a_task_says_what_it_is_and_where_it_stands(house: House) -> None:
    story = await house.start("scenario=long turns=3", max_turns=2)
    await story.until(lambda progress: progress.state is State.PARKED)
    description = await story.handle.describe()
    assert await description.static_summary() == story.goal
    assert await description.static_details() == story.goal
    found = {
        attribute: description.typed_search_attributes.get(
            SearchAttributeKey.for_keyword(attribute)
        )
        for attribute in SearchAttribute
    }
    assert found == {
        SearchAttribute.STATE: "parked",
        SearchAttribute.PHASE: "testing",
        SearchAttribute.GOAL: story.goal,
    }
    details = await current_details(story)
    assert details.startswith("### Parked: The turn limit is reached")
    assert "**turn** 2 of 2" in details
    assert story.goal in details
    assert "./tars extend" in details


async def current_details(story: Story) -> str:
    """As the Web UI asks for them."""
    raw: RawValue = await story.handle.query("__temporal_workflow_metadata", result_type=RawValue)
    metadata = ParseDict(json.loads(raw.payload.data), WorkflowMetadata())
    return metadata.current_details


async def test_timers_say_what_is_waited_for(house: House) -> None:
    story = await house.start("scenario=long turns=3", max_turns=2)
    await story.until(lambda progress: progress.state is State.PARKED)
    timers = [
        told(event.user_metadata.summary)
        async for event in events_of(house, story)
        if event.HasField("timer_started_event_attributes")
    ]
    assert timers == ["parked: turn limit"]


async def test_a_history_stays_small_however_much_is_printed(house: House) -> None:
    """Fifty turns with a megabyte of output."""
    story = await played(house, "scenario=long turns=50 bytes=20000", max_turns=60)
    events = [event async for event in events_of(house, story)]
    sizes = [event.ByteSize() for event in events if event.event_type not in CARRYING]
    assert max(sizes) < MOST_EVENT_BYTES
    assert sum(event.ByteSize() for event in events) < MOST_50_TURNS_BYTES
