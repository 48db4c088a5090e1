"""Loads another script of this folder as a module: they have no suffix, since they are commands."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load(name: str) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(f"memo_bench_{name}", str(Path(__file__).with_name(name)))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module
