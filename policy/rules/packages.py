"""Package managers: removal needs a code, installing does not; publishing does."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Deletes, Effect, Finding, RunsFile, RunsText, Writes
from policy.rules.matching import all_of, always, is_rehearsal, verbs, when
from policy.shell.marks import typed
from policy.shell.options import parse
from policy.vocabulary import named

REMOVES = Finding(Category.SYSTEM, "remove installed packages")
PUBLISHES = Finding(Category.PUBLISHING, "publish a package")
RELEASES = Finding(Category.PUBLISHING, "publish a release")
CACHE = Deletes((), reason="delete cached files")

_HOOKS = re.compile(r"(?:pre|post)-(?:invoke|install)|dpkg::(?:pre|post)", re.IGNORECASE)


def _manager(removing: str, publishing: str = "", clearing: str = "") -> Rule:
    """A rule for a package manager; patterns match its words without options."""
    patterns: list[tuple[re.Pattern[str], Effect]] = [
        (re.compile(rf"(?:{pattern})(?: |$)"), effect)
        for pattern, effect in ((removing, REMOVES), (publishing, PUBLISHES), (clearing, CACHE))
        if pattern
    ]

    def rule(call: Call) -> Iterator[Effect]:
        if call.asks_for_help() or is_rehearsal(call):
            return
        words = " ".join(word for word in map(typed, call.args) if not word.startswith("-"))
        for pattern, effect in patterns:
            if pattern.match(words):
                yield effect

    return rule


def _apt(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "oct", ("option", "config-file", "target-release"))
    for setting in options.all("o", "option"):
        if _HOOKS.search(setting):
            yield RunsText("bash", setting.partition("=")[2])
    if options.has("s", "simulate", "dry-run", "just-print") or call.asks_for_help():
        return
    verb = "".join(options.operands[:1])
    if verb in ("remove", "purge", "autoremove", "autopurge") or any(
        word.endswith("-") and len(word) > 2 for word in options.operands[1:]
    ):
        yield REMOVES
    elif verb in ("clean", "autoclean"):
        yield CACHE


def _dpkg(call: Call) -> Iterator[Effect]:
    if (
        parse(call.args).has("r", "P", "remove", "purge", "force-all")
        and "--dry-run" not in call.args
    ):
        yield REMOVES


def _rpm(call: Call) -> Iterator[Effect]:
    if parse(call.args).has("e", "erase") and not parse(call.args).has("q", "test"):
        yield REMOVES


def _pacman(call: Call) -> Iterator[Effect]:
    if any(re.match(r"-R|--remove|-Sc|-Scc", word) for word in call.args):
        yield REMOVES


def _nix(call: Call) -> Iterator[Effect]:
    if (
        parse(call.args).has("e", "uninstall", "gc", "delete-old", "delete")
        or "profile remove" in call.line()
    ):
        yield REMOVES


def _go(call: Call) -> Iterator[Effect]:
    options = parse(
        [
            word if not word.startswith("-") or word.startswith("--") else f"-{word}"
            for word in call.args
        ]
    )
    if options.operands[:1] == ["clean"] and options.has("modcache", "cache", "fuzzcache"):
        yield CACHE
    for flag in ("exec", "toolexec"):
        for text in options.all(flag):
            yield RunsText("bash", text)


def _make(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "CfjlIWo", ("file", "directory", "eval", "makefile"))
    for word in call.args:
        if word.startswith("SHELL=") and not re.search(r"/?(?:ba|z|da)?sh$", word):
            yield Finding(Category.CODE, "change which programs later commands run")
    if options.has("n", "just-print", "dry-run", "recon", "question", "q", "version"):
        return
    goals = [word for word in options.operands if "=" not in word]
    if any(goal.startswith("install") for goal in goals):
        places = [
            word.partition("=")[2] for word in options.operands if word.startswith("DESTDIR=")
        ]
        yield Writes(tuple(f"{place}/x" for place in places))
    for text in options.all("eval"):
        yield RunsText("makefile", text)
    for path in options.all("f", "file", "makefile") or ["Makefile", "makefile", "GNUmakefile"]:
        yield from _makefile(path, goals)


def _makefile(path: str, goals: list[str]) -> Iterator[Effect]:

    yield RunsFile(path, "makefile", tuple(goals))


def _edits(call: Call) -> Iterator[Effect]:
    """`perl -pi -e CODE FILES` changes the files."""
    if any(re.match(r"-[a-z0]*i", word) for word in call.args):
        yield Writes(tuple(word for word in call.args if not word.startswith("-")))


def _targets(letters: str, *names: str) -> Rule:
    """A rule for options that name where something is installed."""

    def rule(call: Call) -> Iterator[Effect]:
        yield Writes(
            tuple(f"{path}/x" for path in parse(call.args, letters, names).all(*letters, *names))
        )

    return rule


def _setup(call: Call) -> Iterator[Effect]:
    """`python setup.py sdist upload`, `python -m build` and the like."""
    if any(word.endswith("setup.py") for word in call.args[:3]) and "upload" in call.args:
        yield PUBLISHES


_MAIL = Finding(Category.PUBLISHING, "send mail")
_NODE_REMOVES = r"(?:global )?(?:uninstall|un|unlink|remove|rm|r|prune)"
_NODE_PUBLISHES = (
    r"publish|npm publish|unpublish|deprecate|dist-tag (?:add|rm)|access|owner|team|stage"
)
_NODE_CLEARS = r"cache (?:clean|clear|rm|prune|delete)|store prune|pm cache rm"
_PYTHON_TARGETS = _targets("td", "target", "prefix", "root", "dest")

RULES: dict[str, Rule] = {
    "nx": verbs(RELEASES, r"release(?: publish)?"),
    "fastlane": verbs(RELEASES, r"deliver|release|upload\S*|pilot|supply|beta|match"),
    "shopify": verbs(RELEASES, r"(?:theme|app) (?:push|publish|deploy)"),
    "rake": verbs(RELEASES, r"release\S*|publish\S*|deploy\S*"),
    **named("apt apt-get aptitude nala apt-fast", _apt),
    "dpkg": _dpkg,
    "rpm": _rpm,
    **named("pacman yay paru", _pacman),
    **named(
        "yum dnf microdnf zypper tdnf urpme dnf5",
        _manager(r"remove|erase|autoremove|rm|history undo|purge|swap", "", r"clean"),
    ),
    "apk": _manager(r"del|cache clean|cache purge"),
    **named(
        "brew port snap flatpak pkg choco scoop winget emerge xbps-remove opkg guix pkgin mas",
        _manager(
            r"uninstall|remove|rm|delete|autoremove|purge|zap|unlink|services stop"
            r"|untap|deinstall",
            "",
            r"cleanup|clean",
        ),
    ),
    **named("nix-env nix-collect-garbage nix-store nix", _nix),
    **named(
        "pip pip2 pip3 pipx uv easy_install conda mamba micromamba",
        all_of(
            _PYTHON_TARGETS,
            _manager(
                r"(?:pip )?uninstall|uninstall-all|remove|env remove|tool uninstall"
                r"|python uninstall"
                r"|pip sync",
                r"publish",
                r"cache (?:purge|remove|clean|prune)|clean",
            ),
        ),
    ),
    **named(
        "poetry pdm rye hatch flit maturin pipenv pixi",
        _manager(
            r"remove|uninstall|env remove|clean|env prune", r"publish|upload", r"cache (?:clear|rm)"
        ),
    ),
    **named("npm pnpm yarn bun", _manager(_NODE_REMOVES, _NODE_PUBLISHES, _NODE_CLEARS)),
    **named(
        "lerna changeset changesets release-it beachball "
        "auto vsce ovsx jsr standard-version-x shipjs lage-publish",
        verbs(RELEASES, r".*"),
    ),
    "cargo": all_of(
        _targets("", "root"),
        _manager(r"uninstall|remove|rm", r"publish|yank|owner|release", r"cache"),
    ),
    **named(
        "gem bundle bundler",
        _manager(r"uninstall|cleanup|remove|clean", r"push|yank|owner|release"),
    ),
    **named(
        "composer dotnet nuget cabal stack opam luarocks pub flutter dart mix rebar3 "
        "swift pod cpan cpanm conan vcpkg sbt lein deno julia",
        _manager(
            r"(?:global )?(?:remove|uninstall|hex\.package|tool uninstall|nuget "
            r"delete)|-U",
            r"publish|nuget push|push|upload|trunk push|hex\.publish|pub publish"
            r"|deploy|trunk delete"
            r"|publishSigned",
            r"nuget locals .*|clear-cache|clearcache|cache clean|pub cache clean",
        ),
    ),
    **named("mvn mvnw", verbs(RELEASES, r"(?:\S+:)?(?:deploy|release:perform|deploy:\S+)")),
    **named(
        "gradle gradlew",
        verbs(
            RELEASES,
            r"(?:\S*:)?(?:publish\S*|uploadArchives|bintrayUpload|release"
            r"|closeAndReleaseRepository|jib|dockerPush\S*)",
        ),
    ),
    "twine": verbs(PUBLISHES, r"upload|register"),
    "goreleaser": verbs(RELEASES, r"release|publish|continue"),
    "go": _go,
    "perl": _edits,
    "ruby": _edits,
    **named("make gmake bmake", _make),
    **named("python python3 setup.py", _setup),
    **named(
        "gh-pages surge semantic-release np release-please bumpp-release cargo-release "
        "lerna-publish",
        always(RELEASES),
    ),
    "mkdocs": verbs(RELEASES, r"gh-deploy"),
    "mike": when(RELEASES, r" deploy .*--push|--push .*deploy| delete "),
    **named("docker-push kaniko ko", verbs(RELEASES, r"publish|apply|resolve|push|build")),
    **named(
        "mail mailx sendmail mutt neomutt msmtp ssmtp swaks s-nail nail exim exim4 "
        "postfix-send mpack sendEmail himalaya blat mailsend wall write",
        always(_MAIL),
    ),
    "npm-unpublish": always(PUBLISHES),
    "huggingface-cli": _manager(
        "", r"upload|delete-cache|repo (?:create|delete)|upload-large-folder"
    ),
    "kaggle": _manager("", r"(?:datasets|kernels|competitions) (?:create|push|submit|version)"),
    "dvc": _manager(r"remove|destroy|gc", r"push"),
}
"""Packages and releases, by program."""
