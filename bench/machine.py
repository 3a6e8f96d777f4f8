"""What the figures come from: a ratio holds for a machine and a build of Python, not for all.

Run by the measured interpreter, it tells about that one: `python bench/machine.py` in a sentence, and with `--optimised` by ending with 0
if it is built with profile-guided optimisation, which makes up to 30 %. `bench/setup` runs it on interpreters with nothing installed, so it
imports nothing but the standard library.
"""

import os
import platform
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

_DEBIAN = Path("/etc/debian_version")


def machine(load: int, proxy: int) -> str:
    """Processor, cores, memory, kernel, and how they were shared out.

    :param load: the core of load and backend.
    :param proxy: the core of the proxy.
    """
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    shared = f"load and backend on core {load}, proxy on core {proxy}" if load != proxy else "all on one core"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}; {shared}"


def measured_python(interpreter: Path) -> str:
    """The same sentence about another interpreter, by which the sidecar and the Python peers run."""
    try:
        told = subprocess.run([interpreter, __file__], capture_output=True, text=True, check=True)  # noqa: S603  made by bench/setup
    except (OSError, subprocess.CalledProcessError):
        return "the Python to measure does not run"
    return told.stdout.strip()


def is_optimised() -> bool:
    """Whether this interpreter was built with profile-guided optimisation. Debian's always is, without a trace in its settings."""
    settings = " ".join(str(sysconfig.get_config_var(name)) for name in ("CONFIG_ARGS", "PY_CFLAGS", "PY_CORE_CFLAGS"))
    return "--enable-optimizations" in settings or "-fprofile-use" in settings or _is_debians()


def python() -> str:
    """This interpreter: version, how it was built, the event loop that the sidecar takes, and aiohttp's version."""
    build = "with" if is_optimised() else "WITHOUT"
    by = " by Debian" if _is_debians() else ""
    interpreter = f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}"
    uvloop = _version("uvloop")
    loop = f"loop: uvloop {uvloop}" if uvloop else "loop: asyncio"
    return f"{interpreter}, built{by} {build} profile-guided optimisation; {loop}; aiohttp {_version('aiohttp') or 'missing'}"


def _is_debians() -> bool:
    return sys.base_prefix == "/usr" and _DEBIAN.exists()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    if "--optimised" in sys.argv[1:]:
        sys.exit(not is_optimised())
    print(python())
