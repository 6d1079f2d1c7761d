"""A question outlives the worker that asked it and the server that kept it, both killed."""

from collections.abc import AsyncIterator, Iterator

import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.server import serve
from models.replies import ConfirmOutcome
from models.task import State
from models.updates import UpdateKind
from tests.asking import CODE, COMMAND, asked, commands_run, of_kind, removal, the_code
from tests.end_to_end.machine import Machine, a_machine
from tests.house import House, Story


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture
async def machine(
    claude: tuple[ScriptedClaude, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Machine]:
    async with a_machine(tmp_path_factory.mktemp("machine"), claude) as machine:
        yield machine


async def test_a_question_outlives_worker_and_server(machine: Machine) -> None:
    async with machine.crew() as crew:
        worker = await crew.start_worker(CONFIRMATION_CODE=CODE)
        story = await crew.house.start(removal())
        before = await asked(story)

        worker.kill()
        machine.server.kill()
        await machine.server.start()
        await crew.start_worker(CONFIRMATION_CODE=CODE)

        house = House(await machine.client(), crew.house.settings, machine.claude)
        story = Story(house, story.task_id, story.goal)
        assert await asked(story) == before
        wrong = await house.tasks.confirm(the_code(code=f"{CODE}-no"))
        assert (wrong.outcome, wrong.tries_left) == (ConfirmOutcome.WRONG_CODE, 2)
        reply = await house.tasks.confirm(the_code(word=before.word))
        assert reply.outcome is ConfirmOutcome.ACCEPTED
        assert (await story.end()).state is State.COMPLETED
        updates = await story.updates()
    assert commands_run(updates).count(COMMAND) == 1
    assert len(of_kind(updates, UpdateKind.CONFIRMATION_REQUESTED)) == 1
    assert not (story.workspace / "scratch.txt").exists()
    nowhere_in_clear(machine, CODE)


def nowhere_in_clear(machine: Machine, code: str) -> None:
    """Not in the server's database and log, not in the logs of the workers."""
    files = [path for path in machine.home.rglob("*") if path.is_file()]
    assert {"temporal.log"} < {path.name for path in files}
    assert any(b"CodingTask" in path.read_bytes() for path in files), "the database"
    for path in files:
        assert code.encode() not in path.read_bytes(), path
