"""Names in Python code: which function a name, an alias or a `getattr` stands for."""

import ast
from dataclasses import dataclass, field

from policy.code.constants import Constants
from policy.shell.marks import HOLE
from policy.vocabulary import words_of

_IMPORTERS = frozenset(("__import__", "importlib.import_module", "import_module"))
_STARRED = words_of(
    "remove unlink rmdir removedirs rename replace system popen kill killpg chmod chown truncate "
    "rmtree move copy copyfile copytree run call Popen check_output check_call getoutput execv "
    "execvp execl execlp spawnv putenv symlink link Path"
)
"""Names that `from MODULE import *` is taken to bring."""


@dataclass
class Names:
    """Resolves expressions to dotted names such as `os.remove`."""

    constants: Constants = field(default_factory=Constants)
    called: set[int] = field(default_factory=set)
    passed: list[ast.expr] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    def learn(self, nodes: list[ast.AST]) -> None:
        """Collect imports and plain assignments, wherever they stand."""
        assigned: list[ast.Assign] = []
        for node in nodes:
            match node:
                case ast.Import(names=names):
                    for name in names:
                        self._import(name)
                case ast.ImportFrom(module=module, names=names) if module:
                    self._import_from(module, names)
                case ast.Assign():
                    assigned.append(node)
        for assignment in assigned:
            self._assign(assignment)
        self._learn_passed(nodes)

    def _learn_passed(self, nodes: list[ast.AST]) -> None:
        """Collect what the code's own functions are called with."""
        defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                self.passed += node.args if node.func.id in defined else []

    def _import_from(self, module: str, names: list[ast.alias]) -> None:
        for name in names:
            if name.name == "*":
                self._known.update({one: f"{module}.{one}" for one in _STARRED})
            else:
                self._known[name.asname or name.name] = f"{module}.{name.name}"

    def _import(self, name: ast.alias) -> None:
        if name.asname:
            self._known[name.asname] = name.name
        else:
            top = name.name.partition(".")[0]
            self._known[top] = top

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.constants.names[target.id] = node.value
                dotted = self.dotted(node.value)
                if dotted and not isinstance(node.value, ast.Constant):
                    self._known.setdefault(target.id, dotted)

    def has(self, *modules: str) -> bool:
        """Tell whether one of these modules is used."""
        return any(name.partition(".")[0] in modules for name in self._known.values())

    def dotted(self, node: ast.AST) -> str | None:
        """Dotted name of an expression; ends in a hole when an attribute is not known."""
        if isinstance(node, ast.Name):
            return self._known.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else None
        if isinstance(node, ast.Call):
            return self._called(node)
        return self._looked_up(node) if isinstance(node, ast.Subscript) else None

    def _looked_up(self, node: ast.Subscript) -> str | None:
        """`os.__dict__["remove"]`, `vars(os)["remove"]`, `sys.modules["os"]`."""
        key = self.constants.text(node.slice)
        match node.value:
            case (
                ast.Attribute(value=owner, attr="__dict__")
                | ast.Call(func=ast.Name(id="vars"), args=[owner])
            ):
                base = self.dotted(owner)
                return f"{base}.{key or HOLE}" if base else None
            case ast.Attribute(attr="modules") | ast.Call(func=ast.Name(id="globals" | "locals")):
                return key
            case _:
                return None

    def _called(self, node: ast.Call) -> str | None:
        """What a call answers, when that is a module or a function."""
        name = self.dotted(node.func)
        if name in _IMPORTERS and node.args:
            return self.constants.text(node.args[0])
        if name == "getattr" and len(node.args) >= 2:
            base = self.dotted(node.args[0])
            return f"{base}.{self.constants.text(node.args[1]) or HOLE}" if base else None
        if name in ("pathlib.Path", "Path"):
            return "pathlib.Path()"
        return f"{name}()" if name else None
