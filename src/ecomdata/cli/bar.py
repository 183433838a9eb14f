"""The bar that shows how far work is."""

from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

#: Of fewer pieces of work neither the speed nor the end can be told.
_MANY: Final = 1_000


class _Speed(ProgressColumn):
    """Pieces a second and the time that is left, where there are many pieces."""

    def render(self, task: Task) -> Text:
        if not task.total or task.total < _MANY or not task.speed or task.finished:
            return Text("")
        left = round((task.total - task.completed) / task.speed)
        return Text(f"{task.speed:,.0f}/s, {left // 60}:{left % 60:02} left")


def progress_bar(console: Console) -> Progress:
    """A bar for one piece of work after the other, gone when it stops."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        _Speed(),
        console=console,
        transient=True,
    )
