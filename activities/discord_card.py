"""The status message of a task: one embed that is edited in place, folded from its updates."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from activities.discord_text import code, cut, one_line, plain
from models.contract import TASK_ID_PREFIX
from models.updates import Update, UpdateKind

KEPT_STEPS = 5
"""The card goes through the history with each delivery, so it stays near a kilobyte."""

STEP_CHARACTERS = 90
GREEN, ORANGE, RED, BLUE, GREY = 0x57F287, 0xFEE75C, 0xED4245, 0x5865F2, 0x99AAB5

_STATES = {
    UpdateKind.TASK_STARTED: "running",
    UpdateKind.TASK_PAUSED: "paused",
    UpdateKind.TASK_RESUMED: "running",
    UpdateKind.TASK_PARKED: "parked",
    UpdateKind.CONFIRMATION_REQUESTED: "waits for your code",
    UpdateKind.CONFIRMATION_RESOLVED: "running",
    UpdateKind.QUESTION_ASKED: "waits for your answer",
    UpdateKind.QUESTION_ANSWERED: "running",
    UpdateKind.TASK_COMPLETED: "completed",
    UpdateKind.TASK_FAILED: "failed",
    UpdateKind.TASK_CANCELLED: "cancelled",
    UpdateKind.TASK_TIMED_OUT: "timed out",
}
_COLORS = {
    "running": BLUE,
    "completed": GREEN,
    "failed": RED,
    "timed out": RED,
    "cancelled": GREY,
    "paused": GREY,
}


class Step(BaseModel):
    """One line of what was done last; `key` says of what, until that has ended."""

    key: str = ""
    text: str


class Card(BaseModel):
    """What the status message shows. Fields are only added: running tasks hold old ones."""

    state: str = "running"
    phase: str = ""
    turn: int = 0
    max_turns: int = 0
    cost_usd: float = 0.0
    waits: str = ""
    wakes: str = ""
    said: str = ""
    steps: list[Step] = []
    skipped: int = 0

    def fold(self, update: Update) -> None:
        """Take in what an update changes."""
        data = update.data
        self.phase = update.phase
        self.turn = max(self.turn, _number(data.get("turn")))
        self.cost_usd = max(self.cost_usd, float(data.get("cost_usd") or 0))
        self.max_turns = _number(data.get("max_turns")) or self.max_turns
        if update.kind in _STATES:
            self._stands(update)
        match update.kind:
            case UpdateKind.COMMAND_STARTED:
                self._step(_call(update), f"▶ {command_of(update)}")
            case UpdateKind.COMMAND_FINISHED:
                self._finished(update)
            case UpdateKind.FILE_EDITED:
                path = str(data.get("path", ""))
                lines = f"(+{_number(data.get('added'))} -{_number(data.get('removed'))})"
                self._step(f"edit {path}"[:STEP_CHARACTERS], f"✎ {code(path, 60)} {lines}")
            case UpdateKind.NOTE if data.get("by") == "claude":
                self.said = one_line(str(data.get("text", "")), 200)

    def body(self, short: str, goal: str, at: datetime) -> dict[str, Any]:
        """The message, as Discord takes it. `short` is the task's id as people say it."""
        lines = [step.text for step in self.steps]
        if self.said:
            lines.append(f"*{plain(self.said, 250)}*")
        if waits := self.wakes or self.waits:
            lines.append(f"**Waits:** {waits}")
        if self.skipped:
            lines.append(f"-# {self.skipped} updates are not shown here: `./tars watch {short}`")
        embed = {
            "title": cut(f"#{short} · {plain(goal, 200)}", 256),
            "description": cut("\n".join(lines), 3_000) or "Work begins.",
            "color": _COLORS.get(self.state, ORANGE),
            "fields": [
                _field("State", self.state),
                _field("Phase", self.phase or "-"),
                _field("Turn", f"{self.turn} of {self.max_turns}" if self.max_turns else self.turn),
                _field("Cost", f"${self.cost_usd:.2f}"),
            ],
            "timestamp": at.isoformat(),
        }
        return {"embeds": [embed]}

    def _stands(self, update: Update) -> None:
        """What is asked stays asked while the task is paused or parked."""
        self.state = _STATES[update.kind]
        self.wakes = ""
        match update.kind:
            case UpdateKind.TASK_PARKED:
                self.wakes = plain(str(update.data.get("wakes") or update.chat), 300)
            case UpdateKind.TASK_PAUSED:
                pass
            case UpdateKind.TASK_RESUMED if self.waits:
                self.state = "waits for you"
            case _:
                self.waits = _asked(update)

    def _step(self, key: str, text: str) -> None:
        others = [step for step in self.steps if step.key != key]
        self.steps = [*others, Step(key=key, text=text)][-KEPT_STEPS:]

    def _finished(self, update: Update) -> None:
        key, mark = _call(update), "✅" if went_well(update) else "❌"
        for step in self.steps:
            if step.key == key:
                seconds = float(update.data.get("seconds") or 0)
                step.text = f"{mark} {step.text.removeprefix('▶ ')} {seconds:.3g} s"


def short_of(task_id: str) -> str:
    """A task's id as people say and type it."""
    return task_id.removeprefix(TASK_ID_PREFIX)


def went_well(update: Update) -> bool:
    """Whether a command that has ended did what it should."""
    return update.data.get("exit_code") == 0 and update.data.get("outcome") == "done"


def command_of(update: Update) -> str:
    """The command of an update, as code on one line."""
    return code(str(update.data.get("command") or update.chat), STEP_CHARACTERS)


def deadline(expires_at: object) -> str:
    """A moment as Discord shows it to each reader, counting down; "" for none."""
    try:
        moment = datetime.fromisoformat(str(expires_at))
    except ValueError:
        return ""
    return f", <t:{int(moment.timestamp())}:R>"


def _asked(update: Update) -> str:
    data = update.data
    match update.kind:
        case UpdateKind.CONFIRMATION_REQUESTED:
            word = plain(str(data.get("word")), 60)
            return f"your code for **{word}**{deadline(data.get('expires_at'))}"
        case UpdateKind.QUESTION_ASKED:
            return plain(str(data.get("question") or update.chat), 200)
    return ""


def _call(update: Update) -> str:
    return str(update.data.get("call_id", ""))[:STEP_CHARACTERS]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _field(name: str, value: object) -> dict[str, object]:
    return {"name": name, "value": str(value), "inline": True}
