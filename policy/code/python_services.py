"""Python calls on paths, databases, web services and processes, known by the method's name."""

import ast
import re
from collections.abc import Callable, Iterator

from policy.code.python_files import argument, path_of
from policy.code.python_names import Names
from policy.effects import (
    Category,
    ChangesMode,
    Connects,
    Deletes,
    Effect,
    Empties,
    Finding,
    Kills,
    Reads,
    RunsText,
    Writes,
)
from policy.shell.marks import HOLE
from policy.vocabulary import named

Reader = Callable[[ast.Call, Names], Iterator[Effect]]

LOSES_DATA = Finding(Category.DATABASE, "delete data from a database")
_QUERY_PARTS = re.compile(
    r"\b(?:objects|query|session|filter|all|exclude|select|table|queryset|qs|db|Model)\b"
)


def _receiver(node: ast.Call) -> ast.expr | None:
    return node.func.value if isinstance(node.func, ast.Attribute) else None


def _deletes_path(node: ast.Call, names: Names) -> Iterator[Effect]:
    yield Deletes((path_of(_receiver(node), names),), recursive=False)


def _deletes_tree(node: ast.Call, names: Names) -> Iterator[Effect]:
    yield Deletes((path_of(argument(node, 0), names),), recursive=True)


def _changes_mode(node: ast.Call, names: Names) -> Iterator[Effect]:
    yield ChangesMode((path_of(_receiver(node), names),), "s")


def _writes_path(node: ast.Call, names: Names) -> Iterator[Effect]:
    path = path_of(_receiver(node), names)
    yield Writes((path,))
    content = argument(node, 0, "data")
    if content is not None and names.constants.text(content) == "":
        yield Empties((path,))


def _makes_path(node: ast.Call, names: Names) -> Iterator[Effect]:
    yield Writes((path_of(_receiver(node), names),))


def _renames_path(node: ast.Call, names: Names) -> Iterator[Effect]:
    if _names_path(node, names):
        yield Writes((path_of(_receiver(node), names), path_of(argument(node, 0), names)))


def _names_path(node: ast.Call, names: Names) -> bool:
    receiver = _receiver(node)
    return bool(receiver is not None and "Path" in (names.dotted(receiver) or ""))


def _reads_path(node: ast.Call, names: Names) -> Iterator[Effect]:
    yield Reads((path_of(_receiver(node), names),))


def _truncates(node: ast.Call, _: Names) -> Iterator[Effect]:
    size = argument(node, 0)
    if isinstance(size, ast.Constant) and size.value == 0:
        yield Empties((HOLE,))


def _sql(node: ast.Call, names: Names) -> Iterator[Effect]:
    for arg in node.args:
        text = names.constants.text(arg)
        if text:
            yield RunsText("sql", text)


def _loses_data(_: ast.Call, __: Names) -> Iterator[Effect]:
    yield LOSES_DATA


def _deletes_rows(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`requests.delete(url)`, `Model.objects.all().delete()`, `redis.delete(key)`."""
    receiver = _receiver(node)
    source = ast.unparse(receiver) if receiver is not None else ""
    first = names.constants.text(node.args[0]) if node.args else None
    web = re.search(r"requests|httpx|http|client|aiohttp", f"{source} {names.dotted(node.func)}")
    if (first or "").startswith("/"):
        return
    if (first or "").startswith(("http:", "https:")) or (web and node.args):
        yield Connects(first or HOLE, method="DELETE")
    elif _QUERY_PARTS.search(source) or (names.has("redis") and node.args):
        yield LOSES_DATA


def _drops(node: ast.Call, names: Names) -> Iterator[Effect]:
    if (
        not node.args
        and not node.keywords
        and names.has("pymongo", "sqlalchemy", "motor", "peewee")
    ):
        yield LOSES_DATA


def _kills(_: ast.Call, names: Names) -> Iterator[Effect]:
    if names.has("psutil"):
        yield Kills()


def _web(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`requests.post(url, files=...)`, `urlopen(url)`."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    first = names.constants.text(node.args[0]) if node.args else None
    url = names.constants.text(argument(node, 0, "url") or ast.Constant(None)) or HOLE
    if method == "request" and first:
        method, url = first.lower(), names.constants.text(argument(node, 1, "url") or node) or HOLE
    rest = [
        ast.unparse(keyword.value)
        for keyword in node.keywords
        if keyword.arg in ("data", "files", "content", "json")
    ]
    rest += [ast.unparse(arg) for arg in node.args[1:]]
    sends = method in ("post", "put", "patch", "request", "urlopen", "Request") and any(
        "open(" in text or ".read" in text or "environ" in text for text in rest
    )
    if url.startswith(("http:", "https:")) or sends or method == "delete":
        yield Connects(url, sends=sends, method=method.upper())


def _sends_mail(_: ast.Call, names: Names) -> Iterator[Effect]:
    if names.has("smtplib", "email", "sendgrid", "boto3", "yagmail"):
        yield Finding(Category.PUBLISHING, "send mail")


def _remote(_: ast.Call, __: Names) -> Iterator[Effect]:
    yield Finding(Category.MACHINES, "run something on another machine")


def _uploads(_: ast.Call, __: Names) -> Iterator[Effect]:
    yield Finding(Category.SECRETS, "send local files to another machine")


def _system(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`libc.system(b"...")` and other receivers that are not known."""
    text = names.constants.text(node.args[0]) if node.args else None
    if text:
        yield RunsText("bash", text)


def _duplicates(_: ast.Call, names: Names) -> Iterator[Effect]:
    if names.has("socket"):
        yield Finding(Category.CODE, "let another machine run commands here")


def _command(node: ast.Call, names: Names) -> Iterator[Effect]:
    """Django's `call_command("flush")`."""
    words = [names.constants.text(arg) or HOLE for arg in node.args]
    yield RunsText("bash", " ".join(("manage.py", *words)))


def _password(_: ast.Call, __: Names) -> Iterator[Effect]:
    yield Finding(Category.SECRETS, "read keys or passwords")


SERVICE_CALLS: dict[str, Reader] = {
    "os.dup2": _duplicates,
    "keyring.get_password": _password,
    "urllib.request.urlopen": _web,
    "urllib.request.urlretrieve": _web,
    "urllib.request.Request": _web,
}
"""Service functions by dotted name."""

METHOD_CALLS: dict[str, Reader] = {
    **named("unlink rmdir removedirs rmtree_p remove_p unlink_p", _deletes_path),
    **named("rmtree remove_tree removetree emptyDir", _deletes_tree),
    **named("chmod lchmod", _changes_mode),
    **named("write_text write_bytes", _writes_path),
    **named("touch mkdir symlink_to hardlink_to", _makes_path),
    **named("rename replace", _renames_path),
    **named("read_text read_bytes", _reads_path),
    "truncate": _truncates,
    **named(
        "execute executescript executemany exec_driver_sql text raw query run_sql "
        "read_sql read_sql_query sql exec_sql execute_sql fetch execute_query run_query "
        "command run",
        _sql,
    ),
    **named(
        "drop_all drop_database drop_collection delete_many delete_one flushall flushdb "
        "drop_table drop_index drop_tables truncate_table drop_column delete_index "
        "delete_by_query drop_indexes dropDatabase find_one_and_delete "
        "delete_collection drop_schema drop_db reset_db delete_table bulk_delete "
        "delete_item delete_records delete_topics delete_queue delete_vectors",
        _loses_data,
    ),
    "delete": _deletes_rows,
    "drop": _drops,
    **named("kill terminate send_signal suspend", _kills),
    **named("post put patch get request urlopen", _web),
    **named("sendmail send_message send_email send_mail", _sends_mail),
    **named(
        "exec_command terminate_instances delete_bucket delete_object delete_objects "
        "delete_stack delete_function delete_db_instance terminate_job_flows "
        "delete_cluster delete_namespaced_pod delete_namespace "
        "delete_namespaced_deployment delete_user",
        _remote,
    ),
    **named(
        "upload_file upload_fileobj storbinary storlines put_object upload_blob "
        "upload_from_filename",
        _uploads,
    ),
    "system": _system,
    "call_command": _command,
}
"""Methods by name, whatever their receiver."""
