"""Whether everything is there, told without waking anybody: for load balancers and people."""

from collections.abc import Awaitable

from temporalio.service import RPCError

from connection import TemporalUnreachable
from encryption import KeyProblem
from models.checks import Check
from settings import Settings
from starter.rpc_problems import server_away
from starter.tasks import Tasks


async def health(settings: Settings, door: Awaitable[Tasks]) -> list[Check]:
    """Look at Temporal and the worker, and tell how the rest is set up.

    The settings are those of this process. `./tars doctor` asks the worker and tries each part.
    """
    return [
        *await _temporal(settings, door),
        _told("Model", settings.claude_model),
        _told("Sandbox", _SANDBOX[settings.sandbox].format(_REACHED[settings.sandbox_network])),
        _told("Channels", ", ".join(_channels(settings)) or "none but this api"),
    ]


async def _temporal(settings: Settings, door: Awaitable[Tasks]) -> list[Check]:
    queue = settings.task_queue
    try:
        listens = await (await door).worker_listens()
    except (TemporalUnreachable, KeyProblem) as error:
        return [_bad("Temporal", str(error))]
    except RPCError as error:
        return [_bad("Temporal", str(server_away(error)))]
    temporal = _told("Temporal", f"answers at {settings.temporal_address}")
    if listens:
        return [temporal, _told("Worker", f"polls the task queue {queue}")]
    return [temporal, _bad("Worker", f"none polls the task queue {queue}: run ./tars up.")]


def _channels(settings: Settings) -> list[str]:
    addresses = {"webhook": settings.discord_webhook_url, "n8n": settings.n8n_webhook_url}
    configured = {
        f"Discord by {settings.discord_mode}": addresses.get(settings.discord_mode),
        "Discord's buttons": settings.discord_public_key,
        "signed bridges": settings.confirmation_webhook_secret,
        "voices that listen": settings.voice_events,
        "a voice that is posted to": settings.voice_webhook_url,
        "phone": settings.has_phone,
    }
    return [name for name, setting in configured.items() if setting]


_REACHED = {"registries": "the package registries", "none": "nothing", "all": "everything"}
_SANDBOX = {
    "auto": "commands are walled in, or refused; they reach {}",
    "off": "commands run without walls, with all the rights of the worker",
}


def _told(name: str, detail: str) -> Check:
    return Check(name=name, ok=True, detail=detail)


def _bad(name: str, detail: str) -> Check:
    return Check(name=name, ok=False, detail=detail)
