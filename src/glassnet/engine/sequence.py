"""A net as a row of modules: what the engines ask that train stacks of layers by themselves."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

from glassnet.nets.activations import ACTIVATIONS


def activation_names(known: Collection[str]) -> dict[type[nn.Module], str]:
    """Return the modules of the activations that an engine knows, with their names."""
    return {module: name for name, module in ACTIVATIONS.items() if name in known}


def modules_in_order(net: nn.Module, name: str = "") -> list[tuple[str, nn.Module]]:
    """Return the modules of nested ``nn.Sequential`` in the order in which they run, with their names."""
    if type(net) is not nn.Sequential or is_hooked(net):
        return [(name, net)]
    inside = [(own, each) for own, each in net._modules.items() if each is not None]
    return [pair for own, each in inside for pair in modules_in_order(each, f"{name}.{own}".lstrip("."))]


def is_hooked(module: nn.Module) -> bool:
    """Say whether a module does more than its class: by hooks, or by a forward of its own."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, name) for name in hooks) or "forward" in vars(module)
