"""Markdown on a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.constrain import Constrain
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from starter.blocks import READABLE_COLUMNS, Indented
from starter.terminal import WIDE, harmless


@dataclass(frozen=True)
class Prose:
    """Markdown of Claude or a person; in a pipe, as it was written."""

    text: str

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Render for the width at hand."""
        clean = harmless(self.text).strip()
        if options.max_width >= WIDE:
            yield Indented(Text(clean))
            return
        markdown = Markdown(clean, code_theme="ansi_dark", hyperlinks=False)
        yield Constrain(Padding(markdown, (0, 0, 0, 2)), READABLE_COLUMNS)
