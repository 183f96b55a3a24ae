"""The house rules of the code base, read from its imports. Each rule says why it is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "agentops"
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(path: Path, *, typing_only: bool = False) -> set[str]:
    """Every module that the file imports anywhere, as dotted names; `if TYPE_CHECKING:` imports only when asked."""
    found: set[str] = set()
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in _walk(ast.parse(path.read_text()), typing_only):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def _walk(node: ast.AST, typing_only: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not typing_only and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from _walk(other, typing_only)
            continue
        yield child
        yield from _walk(child, typing_only)


def resolve(name: str) -> str | None:
    """The module of ours that an imported dotted name means, if any."""
    while name:
        for candidate in (name, f"{name}.__init__"):
            if candidate in MODULES:
                return candidate
        name = name.rpartition(".")[0]
    return None


def holds(path: Path, *words: str) -> bool:
    """Whether one of the words is anywhere in the file: only then is it worth parsing."""
    text = path.read_text()
    return any(word in text for word in words)


IMPORTS = {module: imports_of(path) for module, path in MODULES.items()}


def edges() -> dict[str, set[str]]:
    return {
        module: {
            target for name in names if (target := resolve(name)) and target != module and target != "agentops.__init__"
        }
        for module, names in IMPORTS.items()
    }


# area -> the areas it may import. Dependencies point one way, so that each part can be understood from what it names.
FILES = {"files"}  # not of `plan` and `net`, which touch none
FOUNDATION = {
    "errors",
    "diagnostics",
    "account",
    "document",
    "resources",
    "fields",
    "credentials",
    "scrub",
    "clock",
    "commands",
    "closest",
    "installation",
    "json_text",
} | {
    "timing",
    "watch_rules",
}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": {"diagnostics"},
    "diagnostics": set(),
    "account": set(),
    "document": {"diagnostics", "timing", "watch_rules"},
    "resources": {"diagnostics", "document"},
    "watch_rules": set(),
    "timing": set(),
    "fields": {"document"},
    "credentials": set(),
    "scrub": {"document"},
    "clock": set(),
    "commands": set(),
    "closest": set(),
    "json_text": set(),
    "installation": set(),
    "settings": FOUNDATION,
    "net": FOUNDATION,
    "files": {"errors"},
    "spec": FOUNDATION | FILES,
    "plan": FOUNDATION,
    "remote": FOUNDATION | {"net"},
    "state": {"errors"} | FILES,
    "apply": FOUNDATION | FILES | {"state", "plan", "remote"},
    "calls": FOUNDATION | FILES | {"net", "speech"},
    "speech": set(),
    "pdf": {"errors", "installation"},
    "compare": FOUNDATION,
    "importers": FOUNDATION | FILES | {"spec", "plan", "remote", "net", "calls"},
    "campaigns": FOUNDATION | {"spec"},
    "ci": FOUNDATION | FILES | {"net", "plan", "apply", "render", "calls", "compare"},
    "render": FOUNDATION | {"plan", "apply", "calls", "importers", "compare", "campaigns"},
    "workflow": FOUNDATION
    | FILES
    | {"state", "spec", "plan", "apply", "remote", "calls", "importers", "ci", "net", "settings", "speech"}
    | {"compare", "campaigns", "pdf"},
    "cli": FOUNDATION
    | FILES
    | {
        "workflow",
        "state",
        "spec",
        "plan",
        "apply",
        "remote",
        "calls",
        "campaigns",
        "importers",
        "ci",
        "render",
        "settings",
        "emulator",
        "speech",
        "net",
        "compare",
    },
    "emulator": {"speech"},
}


def area(module: str) -> str:
    return module.split(".")[1] if module.count(".") else module


@pytest.mark.parametrize("module", [m for m in MODULES if m != "agentops.__init__"])
def test_dependencies_point_one_way(module: str) -> None:
    allowed = MAY_IMPORT[area(module)] | {area(module)}
    wrong = {target for target in edges()[module] if area(target) not in allowed}
    assert not wrong, f"{module} may import only {sorted(allowed)}"


# room of the emulator -> the rooms it may import. A module beside the rooms is a room of its own name.
EMULATOR_ROOMS: dict[str, set[str]] = {
    "store": {"options"},
    "rest": {"options", "store"},
    "behaviour": {"store", "yaml_files"},
    "realtime": {"options", "store", "rest", "behaviour"},
    "console": {"interception", "store", "rest"},
}


@pytest.mark.parametrize("room", EMULATOR_ROOMS)
def test_the_emulators_rooms_depend_one_way(room: str) -> None:
    for module, targets in edges().items():
        if module.startswith(f"agentops.emulator.{room}."):
            others = {target.split(".")[2] for target in targets if area(target) == "emulator"} - {room}
            assert others <= EMULATOR_ROOMS[room], module


def test_apply_knows_the_port_and_not_the_client() -> None:
    for module, targets in edges().items():
        if area(module) == "apply":
            assert {t for t in targets if area(t) == "remote"} <= {"agentops.remote.port"}, module


def test_there_are_no_import_rings() -> None:
    graph = edges()
    done: set[str] = set()
    open_: list[str] = []

    def visit(module: str) -> None:
        if module in done:
            return
        assert module not in open_, f"import ring: {' -> '.join([*open_[open_.index(module) :], module])}"
        open_.append(module)
        for target in sorted(graph[module]):
            visit(target)
        done.add(open_.pop())

    for module in graph:
        visit(module)


# Each third-party library has one place on the client's side, so that replacing it touches one module.
ONE_PLACE: dict[str, tuple[str, ...]] = {
    "ruamel": ("agentops.spec.source_", "agentops.emulator."),
    "jinja2": ("agentops.spec.template",),
    "deepdiff": ("agentops.plan.diff",),
    "filelock": ("agentops.apply.journal",),
    "httpx2": ("agentops.net.transport", "agentops.emulator."),
    "websockets": ("agentops.calls.session", "agentops.calls.talk_server", "agentops.emulator."),
    "phonenumbers": ("agentops.campaigns.phone",),
    "regex": ("agentops.calls.patterns",),
    "typer": ("agentops.cli.",),
    "rich": ("agentops.cli.",),
    "starlette": ("agentops.emulator.",),
    "uvicorn": ("agentops.emulator.",),
    "espeakng_loader": ("agentops.speech.",),
    "pocketsphinx": ("agentops.speech.",),
    "fpdf": ("agentops.pdf",),
    "markdown_it": ("agentops.pdf",),
}


@pytest.mark.parametrize("library", ONE_PLACE)
def test_each_library_has_one_place(library: str) -> None:
    for module, names in IMPORTS.items():
        if any(name == library or name.startswith(f"{library}.") for name in names):
            assert module.startswith(ONE_PLACE[library]), f"{library} belongs in {ONE_PLACE[library]}"


def test_plan_is_pure() -> None:
    """No YAML, no HTTP, no clock, no files: a plan depends on nothing but what it is given."""
    banned = {"time", "datetime", "os", "pathlib", "asyncio", "socket", "random", "subprocess"}
    for module, names in IMPORTS.items():
        if area(module) == "plan":
            assert not {name.split(".")[0] for name in names} & banned, module


def test_only_the_command_line_prints_and_exits() -> None:
    for module, path in MODULES.items():
        if area(module) == "cli" or not holds(path, "print(", "exit(", "quit("):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "exit", "quit", "sys.exit", "os._exit"), f"{module}:{node.lineno}"


def test_only_settings_reads_the_environment() -> None:
    for module, path in MODULES.items():
        if module == "agentops.settings" or not holds(path, "environ", "getenv"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("os.environ", "os.getenv", "os.environb"), f"{module}:{node.lineno}"


# What opens files by itself: the one that does so for all, the one that appends line by line, and folders of our own.
WRITERS = {"agentops.files", "agentops.apply.journal", "agentops.state"}


def test_files_are_written_in_one_place() -> None:
    """So that a full disk leaves no half of a file, and each refusal of the system names the file and a way out."""
    writes = ("write_text", "write_bytes", "mkdir", "copytree", "rename", "touch", "makedirs")
    for module, path in MODULES.items():
        if area(module) == "emulator" or module in WRITERS or not holds(path, *writes):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in writes, f"{module}:{node.lineno}"


def test_modules_are_named_for_what_they_hold() -> None:
    for module in MODULES:
        assert not {"utils", "util", "helpers", "common", "manager", "misc"} & set(module.split(".")), module


def test_every_module_says_its_responsibility() -> None:
    for module, path in MODULES.items():
        if text := path.read_text().strip():
            assert text.startswith(('"""', 'r"""')), f"{module} has no docstring"


# A table of facts is read row by row, so its length does not make it harder to understand.
TABLES = {"agentops.importers.elevenlabs.rows"}


def test_no_module_is_longer_than_it_can_be_understood() -> None:
    for module, path in MODULES.items():
        if module in TABLES:
            continue
        lines = path.read_text().count("\n")
        assert lines <= 520, f"{module} has {lines} lines: split it by idea"


def test_functions_stay_short() -> None:
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 75, f"{module}:{node.lineno} {node.name} has {length} lines"
