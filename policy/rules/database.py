"""Database clients, migration tools and stores: what drops, deletes, flushes or resets."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding, RunsFile, RunsInput, RunsText
from policy.shell.marks import typed
from policy.shell.options import parse
from policy.vocabulary import named

LOSES_DATA = Finding(Category.DATABASE, "delete data from a database")

_ACTIONS = {
    "manage.py": r"flush|reset_db|sqlflush|drop_\w+|truncate\w*|clear\w*_?(?:db|data)\w*"
    r"|delete_\w+|migrate \S+ zero"
    r"|clearsessions|wipe\w*",
    "django-admin": r"flush|reset_db|migrate \S+ zero",
    "rails": r"db:(?:drop|reset|purge|truncate|migrate:reset|schema:load|setup"
    r"|seed:replant|rollback|migrate:down)"
    r"(?:\S*)|destroy",
    "rake": r"db:(?:drop|reset|purge|truncate|migrate:reset|schema:load|seed:replant"
    r"|rollback|migrate:down)\S*"
    r"|\S*:(?:drop|purge|clobber)|clobber|clean\S*",
    "prisma": r"migrate reset|db push .*--(?:force-reset|accept-data-loss)|db execute",
    "sequelize": r"db:drop|db:migrate:undo\S*|db:seed:undo\S*",
    "sequelize-cli": r"db:drop|db:migrate:undo\S*|db:seed:undo\S*",
    "knex": r"migrate:(?:rollback|down)",
    "typeorm": r"schema:drop|migration:revert|query",
    "typeorm-ts-node-commonjs": r"schema:drop|migration:revert",
    "drizzle-kit": r"drop|push .*--force",
    "mikro-orm": r"schema:(?:drop|fresh)|migration:(?:down|fresh)",
    "alembic": r"downgrade",
    "flask": r"db downgrade|\S*drop\S*|reset\S*|init-db",
    "artisan": r"(?:migrate:(?:fresh|reset|refresh|rollback)|db:wipe|\S*:(?:clear|flush"
    r"|prune)|queue:flush)",
    "console": r"doctrine:(?:database|schema):drop|doctrine:mongodb:schema:drop",
    "mix": r"(?:.* )?ecto\.(?:drop|reset|rollback),?",
    "diesel": r"database reset|migration (?:revert|redo)|database drop",
    "sqlx": r"database (?:drop|reset)|migrate revert",
    "sea-orm-cli": r"migrate (?:fresh|refresh|reset|down)",
    "goose": r".*\b(?:down|reset|down-to)",
    "migrate": r".*\b(?:down|drop|force)",
    "dbmate": r"(?:.* )?(?:drop|down|rollback)",
    "flyway": r"(?:.* )?(?:clean|undo)",
    "liquibase": r"(?:.* )?(?:drop-?all|rollback\S*|dropAll)",
    "atlas": r"schema clean|migrate down|schema apply",
    "supabase": r"db reset|(?:projects|functions|secrets|branches) (?:delete|unset)"
    r"|stop .*--no-backup",
    "wrangler": r"(?:d1|kv\S*|r2|queues|vectorize|hyperdrive)\S* .*\b(?:delete|bulk-delete|purge)",
    "firebase": r"firestore:delete|database:remove|\S+:delete|database:set",
    "hasura": r"metadata clear|migrate (?:delete|squash)",
    "etcdctl": r"(?:.* )?(?:del|rm|rmdir|snapshot restore|member remove)",
    "consul": r"kv delete|leave|force-leave|snapshot restore",
    "vault": r"(?:kv )?(?:delete|destroy)|(?:kv )?metadata delete|secrets disable"
    r"|token revoke|lease revoke"
    r"|operator (?:seal|rekey)|auth disable|policy delete",
    "rabbitmqctl": r"(?:.* )?(?:reset|force_reset|delete_\w+|purge_queue|clear_\w+)",
    "rabbitmqadmin": r"(?:.* )?(?:delete|purge)",
    "nodetool": r"(?:clearsnapshot|removenode|decommission|assassinate|truncatehints)",
    "mysqladmin": r"(?:.* )?(?:drop|flush-\w+|refresh|password)",
    "influx": r"(?:.* )?(?:delete|bucket delete|org delete)",
    "curator": r"(?:.* )?delete\S*",
    "neo4j-admin": r"(?:database )?(?:load .*--overwrite\S*|unbind)",
    "cockroach": r"nodelocal delete|node decommission",
    "dynamodb-local": r"drop",
    "meltano": r"state clear",
    "airflow": r"db (?:reset|clean)|dags delete|tasks clear|pools delete|variables delete",
    "dbt": r"run-operation \S*drop\S*|clean",
    "ravendb": r"delete",
    "weaviate": r"delete",
    "gsutil-kv": r"delete",
}
_ALWAYS = frozenset(("dropdb", "dropuser", "pg_resetwal", "pg_dropcluster", "pg_archivecleanup"))
_REDIS = re.compile(
    r"FLUSHALL|FLUSHDB|DEL|UNLINK|GETDEL|[HSZXL]?REM\w*|HDEL|XDEL|XTRIM"
    r"|LTRIM|SHUTDOWN|RENAME|SPOP|LPOP|RPOP"
    r"|DEBUG|SWAPDB|MIGRATE|REPLICAOF|SLAVEOF|FT\.DROP\w*|JSON\.DEL|SCRIPT "
    r"FLUSH|FUNCTION (?:FLUSH|DELETE)"
    r"|CLUSTER (?:RESET|FLUSHSLOTS)|XGROUP DESTROY|EXPIRE|CONFIG SET",
    re.IGNORECASE,
)
_REDIS_DESTROYS = re.compile(
    r"(?:FLUSHALL|FLUSHDB|DEL|UNLINK|GETDEL|HDEL|XDEL|SREM|ZREM\w*|LREM|XTRIM|LTRIM|SPOP|DEBUG"
    r"|FT\.DROP\w*|JSON\.DEL|SCRIPT\s+FLUSH|FUNCTION\s+(?:FLUSH|DELETE)"
    r"|CLUSTER\s+(?:RESET|FLUSHSLOTS)"
    r"|XGROUP\s+DESTROY|CONFIG\s+SET|SLAVEOF|REPLICAOF|SWAPDB|SHUTDOWN)(?:\s|$)",
    re.IGNORECASE,
)


def _console(call: Call) -> Iterator[Effect]:
    """Consoles of frameworks: `manage.py shell -c CODE`, `rails runner CODE`."""
    verb, rest = "".join(call.args[:1]), call.args[1:]
    given = parse(rest, "ce", ("command", "execute", "environment"))
    texts = given.all("c", "command", "execute")
    languages = {
        "shell": "python", "shell_plus": "python", "console": "ruby", "c": "ruby", "runner": "ruby",
        "r": "ruby", "tinker": "php", "dbshell": "sql", "db": "sql", "d1": "sql",
    }  # fmt: skip
    if verb not in languages:
        return
    if verb in ("runner", "r"):
        texts = given.operands
    for text in texts:
        yield RunsText(languages[verb], text)
    yield RunsInput(languages[verb])


def _tool(call: Call) -> Iterator[Effect]:
    yield from _console(call)
    line = " ".join(typed(word) for word in call.args)
    if re.search(r"(?:^|\s)--(?:help|dry-run|sql|pretend|plan)\b", line):
        return
    words = " ".join(word for word in map(typed, call.args) if not word.startswith("-"))
    pattern = rf"(?:{_ACTIONS[call.program]})(?:\s|$)"
    if re.match(pattern, words) or re.match(pattern, line):
        yield LOSES_DATA


def _always(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help():
        yield LOSES_DATA


def _sql_client(valued: str, options: tuple[str, ...], files: tuple[str, ...] = ()) -> Rule:
    """A rule for clients that take SQL in options, as operands or on their input."""
    letters = "".join(name for name in options + files if len(name) == 1)
    names = tuple(name for name in options + files if len(name) > 1)

    def rule(call: Call) -> Iterator[Effect]:
        args = [
            f"-{word}"
            if word[:1] == "-" and word.lstrip("-") in names and word[1:2] != "-"
            else word
            for word in call.args
        ]
        given = parse(
            args,
            valued + letters,
            (
                *names,
                "host",
                "port",
                "username",
                "user",
                "dbname",
                "password",
                "database",
                "variable",
                "set",
            ),
        )
        if given.has("help") and not given.operands:
            return
        for text in (*given.all(*options), *given.operands):
            yield RunsText("sql", typed(text))
        for path in given.all(*files):
            yield RunsFile(path, "sql")
        yield RunsInput("sql")

    return rule


def _redis(call: Call) -> Iterator[Effect]:
    options = parse(
        call.args, "hpanutsridDIM", ("user", "pass", "pipe-timeout", "cacert", "eval"), stop=True
    )
    if options.operands:
        yield RunsText("redis", " ".join(options.operands))
    else:
        yield RunsInput("redis")


def _mongo(call: Call) -> Iterator[Effect]:
    options = parse(
        call.args,
        "uph",
        ("eval", "host", "port", "username", "password", "file", "authenticationDatabase"),
    )
    for text in options.all("eval"):
        yield RunsText("mongo", text)
    for operand in options.operands:
        if operand.endswith((".js", ".mongodb")):
            yield RunsFile(operand, "mongo")
    yield RunsInput("mongo")


def _shell_of_service(call: Call) -> Iterator[Effect]:
    """`heroku pg:psql -c SQL`, `pscale shell DATABASE`."""
    if {"pg:psql", "shell", "sql"}.isdisjoint(call.args):
        return
    options = parse(call.args, "ca", ("command", "app"))
    for text in (*options.all("c", "command"), *options.operands):
        yield RunsText("sql", text)
    yield RunsInput("sql")


def _mongo_tool(call: Call) -> Iterator[Effect]:
    if "--drop" in call.args:
        yield LOSES_DATA


def _pg_restore(call: Call) -> Iterator[Effect]:
    if parse(call.args, "dFhnpUtjL").has("c", "clean"):
        yield LOSES_DATA


def _kafka(call: Call) -> Iterator[Effect]:
    if (
        "--delete" in call.args
        or "--delete-offsets" in call.args
        or "delete-records" in call.program
    ):
        yield LOSES_DATA


def _cypher(call: Call) -> Iterator[Effect]:
    for word in parse(call.args, "upadf").operands:
        yield RunsText("cypher", word)
    yield RunsInput("cypher")


def _php(call: Call) -> Iterator[Effect]:
    """`php artisan ...`, `php bin/console ...`, as if the script were the program."""
    for script in ("artisan", "console"):
        for index, word in enumerate(call.args):
            if word.rpartition("/")[2] == script:
                yield from _tool(Call(script, call.args[index:]))


def _python_script(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args[:4]):
        if word.rpartition("/")[2] == "manage.py":
            yield from _tool(Call("manage.py", call.args[index:]))


RULES: dict[str, Rule] = {
    **dict.fromkeys(_ACTIONS, _tool),
    **dict.fromkeys(_ALWAYS, _always),
    **named(
        "psql pgcli cockroach-sql ysqlsh vsql gsql",
        _sql_client("dhpUvFPRTLo", ("c", "command"), ("f", "file")),
    ),
    **named("mysql mariadb mycli tidb", _sql_client("uhPDSp", ("e", "execute"))),
    **named(
        "sqlite3 sqlite litecli duckdb libsql spatialite",
        _sql_client("", ("cmd", "c", "init", "s"), ("init", "f")),
    ),
    **named("sqlcmd osql isql tsql mssql-cli", _sql_client("SUPdh", ("Q", "q"), ("i",))),
    **named(
        "cqlsh ksql presto trino hive beeline impala-shell snowsql clickhouse-client "
        "clickhouse sqlplus db2 usql bq spark-sql osqueryi questdb athenacli exaplus "
        "monetdb mclient snow",
        _sql_client("uphk", ("e", "q", "query", "execute", "multiquery"), ("f", "file")),
    ),
    **named("redis-cli valkey-cli keydb-cli dragonfly-cli iredis", _redis),
    **named("mongosh mongo", _mongo),
    **named("mongorestore mongoimport", _mongo_tool),
    "pg_restore": _pg_restore,
    **named(
        "kafka-topics kafka-topics.sh kafka-delete-records.sh kafka-delete-records "
        "kafka-consumer-groups kafka-consumer-groups.sh",
        _kafka,
    ),
    "cypher-shell": _cypher,
    **named("heroku pscale turso", _shell_of_service),
    "php": _php,
    **named("python python3", _python_script),
}
"""Databases, by program."""
