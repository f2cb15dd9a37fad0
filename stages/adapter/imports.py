"""datatrove classes by their import path, checked before anything runs."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xxhash

from stages.errors import ConfigError
from stages.registry import nearest


@dataclass(frozen=True)
class DatatroveClass:
    """A class of datatrove, or of the user's own that inherits from one, and arguments for its constructor.

    `base` is the import path of the class that it must inherit from, `given` are arguments that the adapter adds when
    it opens it. Opening and fingerprinting raise ConfigError for a path, a class, an argument or a dependency that is
    not there.
    """

    use: str
    base: str
    options: Mapping[str, Any] = field(hash=False)  # a dict; equality still compares it
    given: frozenset[str] = frozenset()

    def open(self) -> Any:
        return self.make()

    def make(self, **given: Any) -> Any:
        """An instance, with further arguments."""
        found = self.checked()
        try:
            return found(**self.options, **given)
        except Exception as error:
            raise ConfigError(f"{self.use}: cannot be made with {dict(self.options)}: {error}") from error

    def fingerprint(self) -> str:
        """datatrove's version, the source of the class and the arguments."""
        source = Path(inspect.getfile(self.checked())).read_bytes()
        parts = (version("datatrove"), self.use, xxhash.xxh3_128_hexdigest(source), repr(sorted(self.options.items())))
        return " ".join(parts)

    def value(self, argument: str) -> Any:
        """What the constructor gets for an argument: the option or its default; None where it does not take it."""
        parameter = inspect.signature(self.checked()).parameters.get(argument)
        return self.options.get(argument, parameter.default) if parameter else None

    def checked(self) -> type[Any]:
        """The class, with its dependencies installed and its arguments known."""
        found = find_class(self.use, self.base)
        _check_dependencies(found, self.use)
        parameters = inspect.signature(found).parameters
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
            for option in self.options:
                if option not in parameters:
                    raise ConfigError(f"{self.use}: unknown option {option!r}{nearest(option, parameters)}")
        for name, parameter in parameters.items():
            named = parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
            if named and parameter.default is parameter.empty and name not in {*self.options, *self.given}:
                raise ConfigError(f"{self.use}: the option {name!r} has no default; set it in `options`")
        return found


@cache
def find_class(use: str, base: str) -> type[Any]:
    """The class of an import path, which must inherit from the class of `base`."""
    module_name, _, name = use.rpartition(".")
    try:
        module = import_module(module_name) if module_name else None
    except ModuleNotFoundError as error:
        if error.name and not f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigError(f"{use}: needs {error.name}; install it with `pip install {error.name}`") from None
        module = None
    if module is None:
        raise ConfigError(f"{use}: there is no module {module_name!r}; `use` is an import path as {base!r}")
    base_module, _, base_name = base.rpartition(".")
    wanted = getattr(import_module(base_module), base_name)
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, wanted)):
        there = {key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, wanted)}
        known = nearest(name, there) if (there := there - {base_name}) else ""
        problem = f"{use} is no {base_name}" if found is not None else f"{module_name} has no {base_name} {name!r}"
        raise ConfigError(f"{problem}{known}")
    return found


def _check_dependencies(found: type[Any], use: str) -> None:
    from datatrove.utils._import_utils import check_required_dependencies

    needed = [each for parent in found.__mro__ for each in getattr(parent, "_requires_dependencies", [])]
    try:
        check_required_dependencies(found.__name__, needed)
    except ImportError as error:
        other = "; it insists on another fastText than babelmill's, so only in an environment of its own"
        raise ConfigError(f"{use}: {error}{other if 'fasttext' in str(error) else ''}") from None
