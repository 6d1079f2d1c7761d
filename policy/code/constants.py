"""Values of Python expressions that are known without running them."""

import ast
import base64
import binascii
import codecs
from collections.abc import Callable
from dataclasses import dataclass, field

from policy.shell.marks import HOLE, clean

Value = str | list[str] | None
"""A text, a list of texts, or None when it is not known. Unknown parts are holes."""

_LARGEST = 100_000


@dataclass
class Constants:
    """Works out expressions; `names` holds what variables were last assigned."""

    names: dict[str, ast.expr] = field(default_factory=dict)
    _depth: int = 0

    def value(self, node: ast.AST) -> Value:
        """Value of an expression."""
        if self._depth > 20:
            return None
        self._depth += 1
        try:
            return self._worked_out(node)
        finally:
            self._depth -= 1

    def text(self, node: ast.AST) -> str | None:
        """Value of an expression when it is one text."""
        value = self.value(node)
        return value if isinstance(value, str) else None

    def _worked_out(self, node: ast.AST) -> Value:
        if isinstance(node, ast.Constant):
            return _constant(node.value)
        if isinstance(node, ast.Name):
            return self.value(self.names[node.id]) if node.id in self.names else None
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(part) for part in node.values)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._part(item) for item in node.elts]
        return self._operation(node)

    def _operation(self, node: ast.AST) -> Value:
        if isinstance(node, ast.BinOp):
            return self._combined(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        return self._call(node) if isinstance(node, ast.Call) else None

    def _part(self, node: ast.AST) -> str:
        if isinstance(node, ast.FormattedValue):
            node = node.value
        if isinstance(node, ast.Starred):
            node = node.value
        value = self.value(node)
        return value if isinstance(value, str) else HOLE

    def _combined(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, list) and isinstance(right, list):
            return left + right
        before = left if isinstance(left, str) else HOLE
        after = right if isinstance(right, str) else HOLE
        if isinstance(node.op, ast.Add):
            return before + after
        if isinstance(node.op, ast.Div):
            return f"{before}/{after}"
        return before.replace("%s", after) if isinstance(node.op, ast.Mod) else None

    def _subscript(self, node: ast.Subscript) -> Value:
        value = self.value(node.value)
        match node.slice:
            case ast.Slice(lower=None, upper=None, step=ast.UnaryOp(op=ast.USub())):
                return value[::-1] if value else value
            case ast.Constant(value=int() as index) if isinstance(value, list):
                return value[index] if -len(value) <= index < len(value) else None
            case _:
                return None

    # --- calls

    def _call(self, node: ast.Call) -> Value:
        match node.func:
            case ast.Attribute(value=receiver, attr=method):
                return self._method(node, receiver, method)
            case ast.Name(id="chr"):
                return self._character(node.args)
            case ast.Name(id="str" | "bytes" | "Path" | "PurePath") if node.args:
                return self.value(node.args[0])
            case _:
                return None

    @staticmethod
    def _character(args: list[ast.expr]) -> Value:
        match args:
            case [ast.Constant(value=int() as number)] if 0 < number < 0x110000:
                return clean(chr(number))
            case _:
                return None

    def _method(self, node: ast.Call, receiver: ast.expr, method: str) -> Value:
        decode = _DECODERS.get(method)
        if decode and node.args:
            text = self.text(node.args[0])
            return _decoded(text, decode) if text is not None and HOLE not in text else None
        if method == "join" and node.args:
            return self._joined(receiver, node.args[0])
        if method == "Path" and node.args:
            return self.value(node.args[0])
        if method in ("decode", "encode", "strip", "expanduser", "resolve", "absolute", "as_posix"):
            return self._unchanged(node, receiver, method)
        return self._changed(node, receiver, method)

    def _unchanged(self, node: ast.Call, receiver: ast.expr, method: str) -> Value:
        if node.args and method == "decode" and self.text(node.args[-1]) in ("rot13", "rot_13"):
            text = self.text(receiver if len(node.args) == 1 else node.args[0])
            return codecs.decode(text, "rot13") if text else None
        value = self.value(receiver)
        if value is None and node.args:
            return self.value(node.args[0])
        return value

    def _changed(self, node: ast.Call, receiver: ast.expr, method: str) -> Value:
        text = self.value(receiver)
        args = [self.text(arg) for arg in node.args]
        if method == "split" and text is None and args and args[0]:
            return args[0].split()
        if method == "split" and isinstance(text, str):
            return text.split(args[0]) if args and args[0] else text.split()
        if not isinstance(text, str):
            return None
        if method == "replace" and len(args) >= 2 and args[0] and args[1] is not None:
            return text.replace(args[0], args[1])[:_LARGEST]
        if method == "format":
            return text.replace("{}", (args[0] if args else None) or HOLE)
        change: Callable[[str], str] | None = {"lower": str.lower, "upper": str.upper}.get(method)
        return change(text) if change else None

    def _joined(self, receiver: ast.expr, items: ast.expr) -> Value:
        separator, values = self.value(receiver), self.value(items)
        if isinstance(items, ast.Call) and isinstance(items.func, ast.Name):
            values = self._mapped(items)
        if isinstance(items, ast.GeneratorExp | ast.ListComp):
            values = self._generated(items)
        if isinstance(separator, str) and values is not None:
            return separator.join(values)[:_LARGEST]
        return None

    def _mapped(self, call: ast.Call) -> Value:
        """`map(chr, [114, 109])` and `reversed("mr")`."""
        match call:
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="chr"), items]):
                return _characters(self.value(items))
            case ast.Call(func=ast.Name(id="reversed"), args=[items]):
                value = self.value(items)
                return list(reversed(value)) if value is not None else None
            case _:
                return None

    def _generated(self, node: ast.GeneratorExp | ast.ListComp) -> Value:
        """`chr(c) for c in [114, 109]`."""
        match node:
            case (
                ast.GeneratorExp(
                    elt=ast.Call(func=ast.Name(id="chr"), args=[ast.Name()]), generators=[source]
                )
                | ast.ListComp(
                    elt=ast.Call(func=ast.Name(id="chr"), args=[ast.Name()]), generators=[source]
                )
            ):
                return _characters(self.value(source.iter))
            case _:
                return None


def _constant(value: object) -> Value:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str | int | float) else None


def _characters(value: Value) -> Value:
    if not isinstance(value, list) or not all(item.isdigit() for item in value):
        return None
    return [clean(chr(int(item))) for item in value if int(item) < 0x110000]


def _decoded(text: str, decode: Callable[[str], bytes]) -> str | None:
    try:
        return clean(decode(text).decode("utf-8", "replace"))
    except (ValueError, binascii.Error):
        return None


_DECODERS: dict[str, Callable[[str], bytes]] = {
    "b64decode": base64.b64decode,
    "urlsafe_b64decode": base64.urlsafe_b64decode,
    "decodebytes": base64.b64decode,
    "b32decode": base64.b32decode,
    "b16decode": base64.b16decode,
    "fromhex": bytes.fromhex,
    "unhexlify": bytes.fromhex,
    "a2b_hex": bytes.fromhex,
    "a2b_base64": base64.b64decode,
}
