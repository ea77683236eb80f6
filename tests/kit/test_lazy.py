"""What a package offers lazily is what it says it offers, and what it says to the type checker."""

import ast
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

OFFERING = ["dancu.population.service", "dancu.audit.service", "dancu.access.service"]


def _for_the_type_checker(package: ModuleType) -> dict[str, str]:
    """name -> module of the imports under `if TYPE_CHECKING:`."""
    with open(str(package.__file__), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    found = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: str(node.module) for node in found for alias in node.names}


@pytest.mark.parametrize("name", OFFERING)
def test_offered_is_what_the_type_checker_sees(name):
    package = import_module(name)
    assert package._offered == _for_the_type_checker(package)
    assert set(package._offered) <= set(package.__all__)
    assert [one for one in package.__all__ if not hasattr(package, one)] == []
    assert set(package.__all__) <= set(dir(package))


@pytest.mark.parametrize("name", OFFERING)
def test_what_is_not_offered_is_no_attribute(name):
    with pytest.raises(AttributeError, match="nonsense"):
        _ = import_module(name).nonsense


def test_a_function_is_not_hidden_by_the_module_it_is_named_after():
    """Importing a module hangs it on its package; where both have one name the function must win."""
    program = (
        "import dancu.population.service.look, dancu.population.service.merge\n"
        "from dancu.population import service\n"
        "from dancu.population.service import checks, look\n"
        "import types\n"
        "assert callable(look) and callable(service.look) and callable(service.search)\n"
        "assert not isinstance(service.merge, types.ModuleType)\n"
        "assert isinstance(checks, types.ModuleType)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
