"""The sidecar with some of its work taken out, so that what is left can be timed: `python -m bench.ablated token,decision run -c …`.

What is taken out gives its first result for ever, or does nothing. Never to be used for anything but measurements: without the token
part everybody is who came first.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

PARTS: dict[str, tuple[str, str]] = {
    "token": ("sidecar.identity.callers", "Callers.identify"),
    "decision": ("sidecar.proxy.preparation", "Preparations.prepared"),
    "narrowing": ("sidecar.proxy.preparation", "plan"),
    "metrics": ("sidecar.record.metrics", "Metrics.observe"),
    "log": ("sidecar.record.decision_log", "DecisionLog.add"),
}
"""By name of the part: the module and the function in it that does the work."""


def replace(part: str, by: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put `by(function)` in place of the function of this part, wherever it is called from that module.

    :raises AttributeError: when the sidecar no longer has it under this name; `PARTS` must then be put right.
    """
    module_name, path = PARTS[part]
    holder: Any = import_module(module_name)
    *outer, name = path.split(".")
    for each in outer:
        holder = getattr(holder, each)
    setattr(holder, name, by(getattr(holder, name)))


def same_again(function: Callable[..., Any]) -> Callable[..., Any]:
    """Works once; whatever it is called with later, it gives that first result."""
    results: list[Any] = []

    def first_result(*arguments: Any, **named: Any) -> Any:
        if not results:
            results.append(function(*arguments, **named))
        return results[0]

    return first_result


if __name__ == "__main__":
    for taken in filter(None, sys.argv[1].split(",")):
        replace(taken, same_again)
    sys.argv[1:] = sys.argv[2:]
    from sidecar.cli import main

    main()
