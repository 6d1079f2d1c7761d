"""What tests of confirmations share: a task that needs the code, and ways to answer."""

from demo.scenarios import steps
from demo.scenarios.steps import finish
from demo.script import Conversation, Scenario, ToolUse, Turn
from models.replies import ConfirmationAnswer
from models.task import Waiting
from models.updates import Update, UpdateKind
from tests.house import Story

CODE = "zx81-6283"
COMMAND = "rm scratch.txt"


def run(command: str) -> ToolUse:
    """A command after which a finish needs no check."""
    return steps.run(command, phase="planning")


def removal(*commands: str) -> Scenario:
    """Make a file, then run destructive commands one by one, then say how they went."""
    wanted = commands or (COMMAND,)
    made = Turn(blocks=[run("echo scratch > scratch.txt")])
    return [made, *(Turn(blocks=[run(command)]) for command in wanted), told]


def told(talk: Conversation) -> Turn:
    """End with what the last command answered."""
    return Turn(blocks=[finish(" ".join(talk.results), checks=["true"])])


async def asked(story: Story, *, again: str = "") -> Waiting:
    """Wait for the question, another one than `again`."""

    def fits(waiting: Waiting | None) -> bool:
        return bool(waiting and waiting.kind == "confirmation" and waiting.request_id != again)

    progress = await story.until(lambda progress: fits(progress.waiting_for))
    assert progress.waiting_for
    return progress.waiting_for


def the_code(**more: object) -> ConfirmationAnswer:
    return ConfirmationAnswer.model_validate({"code": CODE} | more)


def no(reason: str = "") -> ConfirmationAnswer:
    return ConfirmationAnswer(approve=False, reason=reason)


def commands_run(updates: list[Update]) -> list[str]:
    started = UpdateKind.COMMAND_STARTED
    return [update.data["command"] for update in updates if update.kind is started]


def of_kind(updates: list[Update], kind: UpdateKind) -> list[Update]:
    return [update for update in updates if update.kind is kind]
