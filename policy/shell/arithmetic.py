"""Arithmetic whose value is known from the text alone: `$((0x72))`, `$((1 + i))`."""

import ast
import operator
import re
from collections.abc import Callable

_OCTAL = re.compile(r"(?<![\w.])0(?=\d)")
_LIMIT = 2**63
_OPERATORS: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}


def evaluate(expression: str, value_of: Callable[[str], str | None]) -> int | None:
    """Value of an expression; None when it depends on what the text does not say."""
    source = _OCTAL.sub("0o", expression.strip()).replace("/", "//").replace("$", "")
    if len(source) > 200:
        return None
    try:
        return _value(ast.parse(source, mode="eval").body, value_of)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None


def _value(node: ast.AST, value_of: Callable[[str], str | None]) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return int(value_of(node.id) or "0")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, value_of)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, value_of), _value(node.right, value_of)
        result = _OPERATORS[type(node.op)](left, right)
        if abs(result) < _LIMIT:
            return result
    raise ValueError
