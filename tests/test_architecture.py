"""Who may import whom (docs/decisions/0001): advocacy → mailer → contacts → accounts, never back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["accounts", "contacts", "mailer", "advocacy"]  # each may use itself and those before it
TOOLS = ["sandbox", "embedded"]
FRAMEWORK = ["django", "celery", "anymail", "environ"]
MODULES = sorted(path.relative_to(ROOT) for part in [*APPS, *TOOLS] for path in (ROOT / part).rglob("*.py"))


def forbidden_to(part: str) -> set[str]:
    """The top-level names that code of this part of the tree may not import."""
    if part in TOOLS:
        return {"config", *APPS, *FRAMEWORK, *TOOLS} - {part}
    return {"config", *TOOLS, *APPS[APPS.index(part) + 1 :]}


def uses(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level name of everything a module leans on: imports, relations to models, migrations."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name.split(".")[0]) for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module.split(".")[0]
            case ast.Call(func=ast.Attribute(attr="import_module" | "get_model"), args=[first, *_]):
                yield from _named(first)
            case ast.Call(func=ast.Attribute(attr="ForeignKey" | "OneToOneField" | "ManyToManyField")):
                targets = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "to")]
                for target in targets:
                    yield from _named(target)
            case ast.Assign(targets=[ast.Name(id="dependencies")], value=ast.List(elts=elements)):
                for element in elements:
                    if isinstance(element, ast.Tuple):
                        yield from _named(element.elts[0])


def _named(node: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value.split(".")[0]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_leans_only_on_what_is_below_it(module: Path):
    forbidden = forbidden_to(module.parts[0])
    wrong = [
        f"{module}:{line} uses {name}"
        for line, name in uses((ROOT / module).read_text())
        if name in forbidden
    ]
    assert wrong == []


def test_every_part_of_the_tree_is_looked_at():
    assert {*APPS, *TOOLS} <= {module.parts[0] for module in MODULES}


@pytest.mark.parametrize(
    "line",
    [
        "import advocacy.letters",
        "from advocacy.models import Letter",
        "def ready(self):\n    from advocacy import letters",
        "field = models.ForeignKey('advocacy.Letter', on_delete=models.CASCADE)",
        "field = models.OneToOneField(to='advocacy.Letter', on_delete=models.CASCADE)",
        "dependencies = [('advocacy', '0001_initial')]",
        "Letter = apps.get_model('advocacy', 'Letter')",
    ],
)
def test_a_step_back_is_seen_in_every_form_it_can_take(line: str):
    assert "advocacy" in {name for _, name in uses(line)} & forbidden_to("mailer")
