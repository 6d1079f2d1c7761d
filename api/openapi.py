"""What the api says of itself (OpenAPI 3.1), so that a program can be written against it."""

import re
from functools import cached_property
from typing import Any

from fastapi import FastAPI

from api.problem_documents import MEDIA_TYPE, ProblemDocument
from api.security import WITHOUT_TOKEN

DESCRIPTION = """Background programming tasks: start them, watch them, steer them, and give the code
that a destructive command waits for.

Every error is a problem document (RFC 9457) whose `detail` is a sentence for a person. A task id
may be written as `task-a7f3`, `a7f3`, `#a7f3` (encoded as `%23a7f3`) or `latest`."""

TAGS = [
    {"name": "tasks", "description": "Start tasks and see how they stand."},
    {"name": "steering", "description": "Say something to a running task."},
    {"name": "confirmations", "description": "What waits for the code, and giving it."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "voice", "description": "For voice agents and assistants."},
    {"name": "bridges", "description": "What other programs call when people answer there."},
    {"name": "health", "description": "Whether everything is there."},
    {"name": "codec", "description": "Payloads in clear for Temporal's Web UI."},
]

_PROBLEMS = {
    400: "The body cannot be read.",
    401: "The token is missing or wrong.",
    403: "The caller may not.",
    404: "There is no such task, or no task yet.",
    409: "The task cannot take this now.",
    413: "The body is too large.",
    422: "The request does not fit; `errors` says which part.",
    429: "Too many codes from this caller; `Retry-After` says when again.",
    503: "Temporal or a worker is away; `Retry-After` says when to try again.",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Declare problem documents of a route."""
    return {
        status: {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": _REF}}}
        for status in statuses
    }


_REF = {"$ref": "#/components/schemas/ProblemDocument"}


class Api(FastAPI):
    """FastAPI that also declares what middleware and handlers answer."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _add_models(document)
            document["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer", "description": "API_TOKEN"}
            }
            document["security"] = [{"token": []}]
            for path in WITHOUT_TOKEN & document["paths"].keys():
                for operation in document["paths"][path].values():
                    operation["security"] = [{}, {"token": []}]
            self.openapi_schema = document
        return self.openapi_schema

    @cached_property
    def _methods(self) -> list[tuple[re.Pattern[str], list[str]]]:
        return [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), [name.upper() for name in operations])
            for path, operations in self.openapi()["paths"].items()
        ]

    def methods_at(self, path: str) -> list[str]:
        """Which methods a path takes; the router names those of one route alone."""
        found = [names for pattern, names in self._methods if pattern.fullmatch(path)]
        return sorted({name for names in found for name in names})


def _add_models(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    template = "#/components/schemas/{model}"
    schema = ProblemDocument.model_json_schema(ref_template=template)
    schemas |= schema.pop("$defs", {})
    schemas["ProblemDocument"] = schema
