"""The door to Claude: it sees the conversation at a checkpoint and decides what to do next."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anthropic import AsyncAnthropic
from temporalio import activity

from activities import provider_errors
from activities.attempts import attempt_of
from activities.conversation import composed
from activities.decisions import read
from activities.heartbeats import heartbeats
from activities.live import LiveUpdates
from activities.notes import Notes
from activities.redacting import redacted
from activities.stream import ask, refresh
from activities.summary import summarised
from activities.workspace_errors import told_as_problems
from models.consent import WarmRequest
from models.steps import Decision, DecisionKind, ThinkRequest, Usage
from policy import prices
from policy.redaction import Redactor
from workspace.directory import TaskDirectory
from workspace.problems import HostUnusable, RemoteUnreachable
from workspace.remote import Remote
from workspace.transcript import (
    Frozen,
    Kind,
    Marker,
    Message,
    Result,
    Transcript,
    is_thinking,
    result_file,
    result_path,
)

PULSE_SECONDS = 1.0
LOCK_WAIT_SECONDS = 10.0

_NEW_CONVERSATION = "The conversation became too long; Claude goes on from a summary of it."
_WITHOUT_THINKING = "Claude's earlier reasoning was not accepted back; it goes on without it."


@dataclass(frozen=True)
class _Turn:
    """What an attempt to think starts from: the conversation, and what is to be said next."""

    transcript: Transcript
    frozen: Frozen
    before: list[Message]
    composed: list[Message]
    taken: list[str]

    @property
    def messages(self) -> list[Message]:
        return self.before + self.composed


class ClaudeActivities:
    """Activities that talk to Claude. One client serves all tasks of a worker.

    `client` must not retry by itself: retries belong to Temporal, where people see them. `home` is
    the data directory that holds the tasks; checkpoints go to a `remote` as well.
    """

    def __init__(
        self,
        client: AsyncAnthropic,
        home: Path,
        redactor: Redactor,
        pulse_seconds: float = PULSE_SECONDS,
        remote: Remote | None = None,
    ) -> None:
        self._client = client
        self._home = home
        self._remote = remote
        self._redactor = redactor
        self._pulse_seconds = pulse_seconds

    @activity.defn
    async def think(self, request: ThinkRequest) -> Decision:
        """Show Claude the conversation at `request.checkpoint` and return what it decided.

        The message that was sent and the answer become one new checkpoint; an attempt that dies
        leaves nothing. Raises ApplicationError with a type of Problem.
        """
        started = time.monotonic()
        live = LiveUpdates.of_this_activity(request.task_id, request.phase, self._redactor)
        notes = Notes(live, settle_seconds=self._pulse_seconds)
        with told_as_problems():
            async with heartbeats(self._pulse_seconds):
                turn = await asyncio.to_thread(self._prepare, request)
                answer = await self._ask(request, turn, notes)
                decision = await asyncio.to_thread(self._decide, request, turn, answer)
        decision.notes += [] if decision.finish else notes.untold()
        decision.duration_seconds = time.monotonic() - started
        return decision

    @activity.defn
    async def keep_warm(self, request: WarmRequest) -> Usage:
        """Keep the conversation in the provider's prompt cache, if that is cheaper than losing it.

        For a task that waits for a person. Returns what it cost; raises ApplicationError with a
        type of Problem, which nothing depends on.
        """
        with told_as_problems():
            transcript = await asyncio.to_thread(self._transcript, request)
            *asked, answer = await asyncio.to_thread(transcript.current)
        model = transcript.frozen.model
        used = _usage(model, answer.usage)
        if not prices.is_worth_keeping_warm(
            model, used.cache_read_tokens + used.cache_write_tokens
        ):
            return Usage()
        try:
            return _usage(model, await refresh(self._client, transcript.frozen, asked))
        except Exception as error:
            raise provider_errors.problem(error, model, activity.info().attempt) from None

    def _transcript(self, request: ThinkRequest | WarmRequest) -> Transcript:
        directory = TaskDirectory(self._home, request.task_id, self._remote)
        return Transcript(directory.store_with(request.checkpoint), request.checkpoint)

    def _prepare(self, request: ThinkRequest) -> _Turn:
        transcript = self._transcript(request)
        before, results = transcript.current(), transcript.results()
        known = self._redactor.known
        answers, instructions = redacted((request.answers, request.instructions), known)
        said = composed(before, results, answers, instructions)
        taken = [result_path(call_id) for call_id in results]
        return _Turn(transcript, transcript.frozen, before, said, taken)

    async def _ask(self, request: ThinkRequest, turn: _Turn, notes: Notes) -> Message | Marker:
        """Return Claude's answer, or the marker with which the conversation can go on."""
        try:
            async with asyncio.timeout(request.seconds_left), notes.told_live():
                return await ask(self._client, turn.frozen, turn.messages, notes.add)
        except Exception as error:
            if provider_errors.is_too_long(error) and _has_answers(turn.before):
                return _too_long()
            if provider_errors.is_signature_refused(error) and _has_thinking(turn.before):
                return Marker(Kind.UNSIGNED, _WITHOUT_THINKING)
            attempt = activity.info().attempt
            raise provider_errors.problem(error, turn.frozen.model, attempt) from None

    def _decide(self, request: ThinkRequest, turn: _Turn, answer: Message | Marker) -> Decision:
        if isinstance(answer, Marker):
            return self._begin_anew(request, turn, [], answer)
        if answer.stop_reason == "model_context_window_exceeded":
            return self._begin_anew(request, turn, [answer], _too_long())
        reading = read(answer, turn.messages)
        model = turn.frozen.model
        return Decision(
            checkpoint=self._commit(request, turn, [answer], reading.results),
            kind=reading.kind,
            calls=reading.calls,
            notes=_price_notes(model, turn.before),
            finish=reading.finish,
            usage=_usage(model, answer.usage),
            model=model,
        )

    def _begin_anew(
        self, request: ThinkRequest, turn: _Turn, answers: list[Message], marker: Marker
    ) -> Decision:
        entries: list[Message | Marker] = [*answers, marker]
        if marker.kind == Kind.RESTART:
            whole = [*turn.transcript.everything(), *turn.composed, *answers]
            entries.append(summarised(whole))
        model = turn.frozen.model
        return Decision(
            checkpoint=self._commit(request, turn, entries, {}),
            kind=DecisionKind.THINK_AGAIN,
            notes=[marker.reason],
            usage=_usage(model, answers[0].usage) if answers else Usage(),
            model=model,
        )

    def _commit(
        self,
        request: ThinkRequest,
        turn: _Turn,
        entries: Sequence[Message | Marker],
        results: dict[str, Result],
    ) -> str:
        files = turn.transcript.appended([*turn.composed, *entries])
        for call_id, result in results.items():
            files |= result_file(call_id, result)
        directory = TaskDirectory(self._home, request.task_id, self._remote)
        with directory.hold(attempt_of(request), request.checkpoint, LOCK_WAIT_SECONDS) as held:
            try:
                snapshot = held.commit(
                    request.checkpoint, scan=False, files=files, drop=turn.taken, message="think"
                )
            except RemoteUnreachable as error:
                # Another attempt would pay for the thought again.
                raise HostUnusable(str(error)) from error
        return snapshot.checkpoint


def _too_long() -> Marker:
    return Marker(Kind.RESTART, _NEW_CONVERSATION)


def _has_answers(messages: Sequence[Message]) -> bool:
    return any(message.role == "assistant" for message in messages)


def _has_thinking(messages: Sequence[Message]) -> bool:
    return any(is_thinking(block) for message in messages for block in message.content)


def _price_notes(model: str, before: Sequence[Message]) -> list[str]:
    """Say once, at the beginning, when the cost of a task can only be guessed."""
    return [] if _has_answers(before) or prices.is_known(model) else [prices.unknown(model)]


def _usage(model: str, counted: Mapping[str, Any] | None) -> Usage:
    counted = counted or {}
    usage = Usage(
        input_tokens=counted.get("input_tokens", 0),
        output_tokens=counted.get("output_tokens", 0),
        cache_write_tokens=counted.get("cache_creation_input_tokens", 0),
        cache_read_tokens=counted.get("cache_read_input_tokens", 0),
    )
    return usage.model_copy(update={"cost_usd": prices.cost_usd(model, usage)})
