"""Where a fault of the program's own happened, told without a value: neither its text nor any variable, since either may hold a secret."""

import traceback
from pathlib import PurePath

_MOST_CAUSES = 5


def trace_of(error: BaseException) -> str:
    """Such as ``ValueError: gateway.py:102 handle > request_head.py:22 request_head``; causes follow after ``from``."""
    parts: list[str] = []
    pending: BaseException | None = error
    while pending is not None and len(parts) < _MOST_CAUSES:
        frames = traceback.extract_tb(pending.__traceback__)
        places = " > ".join(f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
        parts.append(f"{type(pending).__name__}: {places}")
        pending = pending.__cause__ or pending.__context__
    return " from ".join(parts)
