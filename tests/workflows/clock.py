"""A workflow that does what none may do."""

import datetime

from temporalio import workflow


@workflow.defn
class Clock:
    @workflow.run
    async def run(self) -> str:
        return str(datetime.datetime.now())  # noqa: DTZ005 - the very call that must be refused
