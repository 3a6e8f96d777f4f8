"""The sidecar on asyncio's own event loop, as where uvloop can't be had: `python -m bench.on_asyncio run -c …`."""

import sys


def hide_uvloop() -> None:
    """Let every import of uvloop fail from now on, as if it were not installed: that is what None stands for there."""
    sys.modules["uvloop"] = None  # type: ignore[assignment]


if __name__ == "__main__":
    hide_uvloop()
    from sidecar.cli import main

    main()
