"""The api as a process of the local stack."""

import sys

from settings import Settings
from starter.stack_files import StackFiles
from starter.supervision import Child

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - named, not listened on


def api_url(settings: Settings) -> str:
    """Where programs of this machine reach the api."""
    host = ANY_ADDRESS.get(settings.api_host, settings.api_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}"


def codec_endpoint(settings: Settings) -> str:
    """Where Temporal's Web UI and command line have payloads decrypted."""
    return f"{api_url(settings)}/codec"


def api(settings: Settings, files: StackFiles) -> Child:
    """The api as a process to keep alive."""
    environment = {
        **settings.process_environment,
        "API_HOST": settings.api_host,
        "API_PORT": str(settings.api_port),
        "TARS_HOME": str(settings.tars_home),
        "TEMPORAL_ADDRESS": settings.temporal_address,
    }

    async def is_ready() -> bool:
        return files.api_ready.exists()

    command = [sys.executable, "-m", "api", "--ready-file", str(files.api_ready)]
    return Child("api", "The api", command, is_ready, environment=environment)
