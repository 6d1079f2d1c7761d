"""What a shell knows at one point of a text: variables, functions, directory, files it wrote."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policy.shell.marks import ABSENT, HOLE
from policy.shell.streams import Stream

if TYPE_CHECKING:
    from tree_sitter import Node

    from policy.shell.syntax import Script


@dataclass(frozen=True)
class Origin:
    """Where a text stands in the command: from `start` on, or as a whole within `start..end`."""

    start: int
    end: int
    exact: bool = True

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Span in the command of a part of the text."""
        if self.exact:
            return self.start + first, self.start + last
        return self.start, self.end

    def within(self, first: int, last: int, *, exact: bool) -> "Origin":
        """Origin of a text that stands in, or was made from, a part of this one."""
        start, end = self.span(first, last)
        return Origin(start, end, exact=exact and self.exact)


MAX_VALUES = 64
"""Different values of one variable that are followed."""


@dataclass(frozen=True)
class Function:
    """A function defined in the text: where its body stands."""

    script: "Script"
    body: "Node"
    origin: "Origin"


@dataclass
class World:
    """What all shells of one text share: the files it wrote and the programs it copied."""

    files: dict[str, Stream] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    pipes: int = 0

    def pipe(self, content: Stream) -> str:
        """Name of a process substitution with this content."""
        self.pipes += 1
        name = f"/dev/fd/{62 + self.pipes}"
        self.files[name] = content
        return name


@dataclass
class Scope:
    """One shell. A variable has every value it may have here; arrays are lists of words."""

    home: str
    cwd: str
    world: World = field(default_factory=World)
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    arrays: dict[str, dict[str, str]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    positional: list[str] | None = field(default_factory=lambda: [ABSENT])
    zero: str = "bash"
    directories: list[str] = field(default_factory=list)
    descriptors: dict[str, Stream] = field(default_factory=dict)
    stdin: Stream | None = None
    tentative: bool = False
    elsewhere: bool = False

    def subshell(self) -> "Scope":
        """A copy whose changes stay inside; the files are the same."""
        return replace(
            self,
            variables=dict(self.variables),
            arrays=dict(self.arrays),
            exported=set(self.exported),
            functions=dict(self.functions),
            aliases=dict(self.aliases),
        )

    def process(self) -> "Scope":
        """A shell started as a program: it has only the variables that are exported."""
        inner = self.subshell()
        inner.arrays.clear()
        inner.variables = {
            name: values for name, values in self.variables.items() if name in self.exported
        }
        return inner

    def moved(self) -> "Scope":
        """A shell in another file system, such as a container's."""
        inner = self.subshell()
        inner.cwd, inner.elsewhere = HOLE, True
        return inner

    def name(self, name: str) -> str:
        """The variable that a name stands for, through `declare -n`."""
        return self.references.get(name, name)

    def assign(self, name: str, value: str, *, append: bool = False) -> None:
        """Set a variable; in a branch that may not run the old values stay possible."""
        name = self.name(name)
        old = self.variables.get(name, ())
        new = tuple(one + value for one in old) if append and old else (value,)
        self.put(name, (*new, *old) if self.tentative else new)

    def put(self, name: str, values: tuple[str, ...]) -> None:
        """Set every value a variable may have; an array of that name ends."""
        self.arrays.pop(name, None)
        different = tuple(dict.fromkeys(values))
        if len(different) > MAX_VALUES:
            different = (*different[:MAX_VALUES], HOLE)
        self.variables[name] = different

    def assign_array(self, name: str, items: dict[str, str], *, append: bool = False) -> None:
        """Set an array from index or key to value."""
        name = self.name(name)
        old = self.arrays.get(name, {})
        if append or self.tentative:
            shift = len(old) if append else 0
            moved = {str(int(key) + shift) if key.isdigit() else key: items[key] for key in items}
            items = {**old, **moved}
        self.variables.pop(name, None)
        self.arrays[name] = items

    def forget(self, name: str) -> None:
        """`unset`: the variable is empty, the array gone."""
        self.arrays.pop(name, None)
        self.references.pop(name, None)
        self.variables[name] = ("",)
