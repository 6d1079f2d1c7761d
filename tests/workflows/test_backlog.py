"""What waits for a channel: loud updates all stay, quiet ones the latest, and it fits a payload."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.notices import Channel
from models.task import Phase
from models.updates import Update, UpdateKind
from tests.activities.chat import BEGAN, TASK
from workflows import backlog, patience
from workflows.backlog import KEPT_LOUD, KEPT_QUIET

KIND = UpdateKind
LOUD = [
    kind for kind in KIND if kind.is_end or kind.value.split(".")[0] in ("confirmation", "question")
]
LOUD += [KIND.TASK_STARTED, KIND.TASK_PARKED]
QUIET = [kind for kind in KIND if kind not in LOUD]
MAX_PAYLOAD_BYTES = 2 * 2**20


def made(kinds: list[UpdateKind], text: str = "x") -> list[Update]:
    return [
        Update(
            seq=seq,
            at=BEGAN,
            task_id=TASK,
            kind=kind,
            phase=Phase.CODING,
            chat=text,
            data={"command": text},
        )
        for seq, kind in enumerate(kinds, 1)
    ]


@settings(deadline=None)
@given(st.lists(st.sampled_from(KIND), max_size=120))
def test_what_a_person_must_notice_stays_and_the_order_too(kinds: list[UpdateKind]) -> None:
    waiting = made(kinds)
    kept = backlog.kept(waiting)
    assert [one.seq for one in kept] == sorted(one.seq for one in kept)
    assert [one for one in kept if one.kind in LOUD] == [one for one in waiting if one.kind in LOUD]
    quiet = [one for one in waiting if one.kind in QUIET]
    assert [one for one in kept if one.kind in QUIET] == quiet[-KEPT_QUIET:]
    assert backlog.kept(kept) == kept


@settings(deadline=None)
@given(st.lists(st.sampled_from(KIND), min_size=1, max_size=60))
def test_batches_are_all_of_it_in_order_with_one_loud_update_at_most(
    kinds: list[UpdateKind],
) -> None:
    pending = made(kinds)
    told: list[Update] = []
    while pending:
        batch = backlog.batch(pending)
        assert all(one.kind in QUIET for one in batch[:-1])
        told += batch
        pending = pending[len(batch) :]
    assert told == made(kinds)


def test_two_thousand_updates_of_an_outage_fit_a_payload() -> None:
    waiting = made([KIND.COMMAND_STARTED, KIND.CONFIRMATION_REQUESTED] * 1_000, "rm -rf x" * 1_000)
    kept = backlog.kept(waiting)
    assert len(kept) == KEPT_LOUD + KEPT_QUIET
    size = sum(len(one.model_dump_json()) for one in kept)
    assert size < MAX_PAYLOAD_BYTES / 2
    assert kept[-1].data["command"] == "rm -rf x" * 1_000


def test_loud_updates_go_at_once_and_steps_wait_for_the_next_one() -> None:
    requested, started, finished = (
        made([kind])
        for kind in (KIND.CONFIRMATION_REQUESTED, KIND.COMMAND_STARTED, KIND.COMMAND_FINISHED)
    )
    assert backlog.collecting(requested, Channel.DISCORD).total_seconds() == 0
    assert backlog.collecting(started, Channel.DISCORD) == patience.COLLECTING
    assert backlog.collecting(finished, Channel.DISCORD) == patience.COLLECTING_STEPS
    assert backlog.collecting(finished + requested, Channel.DISCORD).total_seconds() == 0


@pytest.mark.parametrize(
    ("channel", "wanted"),
    [
        (Channel.DISCORD, [KIND.NOTE, KIND.PHASE_CHANGED]),
        (Channel.VOICE, [KIND.PHASE_CHANGED]),
        (Channel.PHONE, []),
    ],
)
def test_a_channel_gets_what_it_tells(channel: Channel, wanted: list[UpdateKind]) -> None:
    updates = made([KIND.COMMAND_OUTPUT, KIND.NOTE, KIND.PHASE_CHANGED])
    assert [one.kind for one in updates if backlog.is_wanted(one, channel)] == wanted
