"""Programs that only look: all that runs without a code where no walls stand around commands.

What they are told to do beyond looking (`find -delete`, `git -c core.pager=...`) is judged by their
own rules, and what they write by where it goes.
"""

from policy.calls import Call


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LOOKING = _words(
    """
    [ basename cat cd cmp column comm cut date df diff dirname du echo egrep false fgrep file find
    grep head hostname id jq ls md5sum nl nproc od popd printf pushd pwd read readlink realpath rg
    seq sha1sum sha256sum sleep sort stat strings tac tail test tr tree true type uname uniq wc
    which whoami
    """
)
_LOOKING_GIT = _words(
    """
    blame cat-file describe diff grep log ls-files ls-tree merge-base rev-list rev-parse shortlog
    show status
    """
)
_ASKING = frozenset(("--version", "--help", "-V"))


def only_looks(call: Call) -> bool:
    """Whether a call reads and prints, and does nothing else by itself."""
    arguments = [str(word) for word in call.words[1:]]
    if call.program == "git":
        return bool(arguments) and arguments[0] in _LOOKING_GIT
    return call.program in _LOOKING or (len(arguments) == 1 and arguments[0] in _ASKING)
