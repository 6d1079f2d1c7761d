"""Claude's tools: each class is the input of one; its docstring is what Claude reads."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from models.task import Phase


class ToolInput(BaseModel):
    """Base of the tool inputs: Claude may send exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class RunCommand(ToolInput):
    """Run a shell command (bash -c) in the workspace and see its output and exit code.

    Every command starts in a fresh shell in /workspace: no variables, functions, `cd` or background
    processes survive from an earlier command, and standard input is closed. Anything still running
    in the background is ended when the command ends. Long output is shortened to its beginning and
    end; the whole is kept in a file that the result names.
    """

    command: str = Field(description="The command line, as you would type it into bash")
    reason: str = Field(description="One short sentence for the user: why this command")
    phase: Literal[Phase.PLANNING, Phase.CODING, Phase.TESTING] = Field(
        description="What this step belongs to: planning, coding or testing"
    )
    timeout_s: int | None = Field(
        default=None, description="Seconds after which it is killed; null for the default"
    )


class ReadFile(ToolInput):
    """Read a text file of the workspace, with line numbers."""

    path: str = Field(description="Path relative to the workspace, or a file named by a result")
    start_line: int | None = Field(default=None, description="First line, 1 or more")
    end_line: int | None = Field(default=None, description="Last line, included")


class WriteFile(ToolInput):
    """Create a file or replace its whole content. Missing directories are made."""

    path: str = Field(description="Path relative to the workspace")
    content: str = Field(description="The whole new content")


class EditFile(ToolInput):
    """Replace one piece of a file. `old_text` must occur in the file exactly once."""

    path: str = Field(description="Path relative to the workspace")
    old_text: str = Field(description="Text to replace, with enough context to be unique")
    new_text: str = Field(description="Text to put in its place")


class Search(ToolInput):
    """Search the text files of the workspace for a regular expression."""

    pattern: str = Field(description="Python regular expression, matched line by line")
    glob: str | None = Field(default=None, description="Only files matching this, such as **/*.py")


class ListFiles(ToolInput):
    """List the files of the workspace; ignored ones (.gitignore) are left out."""

    path: str | None = Field(default=None, description="Directory to list; null for all")


class AskUser(ToolInput):
    """Ask the user a question that only they can answer. Use it rarely."""

    question: str = Field(description="One clear question")
    options: list[str] = Field(description="Suggested answers, possibly none")


class FinishTask(ToolInput):
    """Report that the task is done, or that it cannot be done."""

    status: Literal["done", "not_possible"] = Field(description="Whether the goal was reached")
    summary: str = Field(description="What was built and how to use it, in Markdown")
    spoken_summary: str = Field(
        description="The same in at most 20 words for a voice, without paths and symbols"
    )
    checks_run: list[str] = Field(description="The commands that showed that it works")


class Tool(StrEnum):
    """Names of Claude's tools."""

    RUN_COMMAND = "run_command"
    READ_FILE = "read_file"
    WRITE_FILE = "write_file"
    EDIT_FILE = "edit_file"
    SEARCH = "search"
    LIST_FILES = "list_files"
    ASK_USER = "ask_user"
    FINISH_TASK = "finish_task"


TOOL_INPUTS: dict[Tool, type[ToolInput]] = {
    Tool.RUN_COMMAND: RunCommand,
    Tool.READ_FILE: ReadFile,
    Tool.WRITE_FILE: WriteFile,
    Tool.EDIT_FILE: EditFile,
    Tool.SEARCH: Search,
    Tool.LIST_FILES: ListFiles,
    Tool.ASK_USER: AskUser,
    Tool.FINISH_TASK: FinishTask,
}
