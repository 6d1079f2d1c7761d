"""Options as programs read them: `-rf`, `-r -f`, `--recursive`, `--recurs`, `--out=x`, `--`."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Options:
    """Options and operands of one command."""

    flags: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    operands: list[str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Tell whether one of these was given: one letter, or a long name or its beginning."""
        return any(_means(flag, name) for flag in self.flags for name in names)

    def all(self, *names: str) -> list[str]:
        """Values given to any of these options, in no certain order."""
        return [
            value
            for given, values in self.values.items()
            for name in names
            if _means(given, name)
            for value in values
        ]


def _means(given: str, name: str) -> bool:
    return given == name or (len(given) >= 2 and len(name) > 1 and name.startswith(given))


def parse(
    args: Sequence[str],
    valued: str = "",
    long_valued: Sequence[str] = (),
    *,
    stop: bool = False,
) -> Options:
    """Read options the GNU way.

    `valued` are the letters and `long_valued` the names whose value may be the next word; `stop`
    ends at the first operand, as programs do that run another command.
    """
    options = Options()
    waiting = list(reversed(args))
    while waiting:
        word = waiting.pop()
        if word == "--":
            break
        if word.startswith("--"):
            _long(word[2:], waiting, long_valued, options)
        elif word.startswith("-") and len(word) > 1:
            _cluster(word[1:], waiting, valued, options)
        else:
            options.operands.append(word)
            if stop:
                break
    options.operands += reversed(waiting)
    return options


def _long(text: str, waiting: list[str], valued: Sequence[str], options: Options) -> None:
    name, equals, value = text.partition("=")
    options.flags.append(name)
    if not equals and waiting and any(_means(name, one) for one in valued):
        value = waiting.pop()
    options.values.setdefault(name, []).append(value)


def _cluster(letters: str, waiting: list[str], valued: str, options: Options) -> None:
    for index, letter in enumerate(letters):
        options.flags.append(letter)
        if letter in valued:
            value = letters[index + 1 :] or (waiting.pop() if waiting else "")
            options.values.setdefault(letter, []).append(value)
            return
