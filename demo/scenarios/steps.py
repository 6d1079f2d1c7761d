"""Calls of Claude's tools, short to write."""

from demo.script import ToolUse, call


def run(command: str, reason: str = "To see what happens", phase: str = "coding") -> ToolUse:
    """Answer a call of `run_command`."""
    return call("run_command", command=command, reason=reason, phase=phase, timeout_s=None)


def finish(
    summary: str, *, spoken: str = "", checks: list[str] | None = None, status: str = "done"
) -> ToolUse:
    """Answer a call of `finish_task`; without `spoken` the summary is short enough to say."""
    return call(
        "finish_task",
        status=status,
        summary=summary,
        spoken_summary=spoken or summary,
        checks_run=checks or [],
    )
