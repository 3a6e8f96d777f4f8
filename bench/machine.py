"""What the figures come from: a ratio holds for a machine and a build of Python, not for all."""

import os
import platform
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from bench.processes import Cores


def machine(cores: Cores) -> str:
    """Processor, cores, memory, kernel, and how they were shared out."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    shared = f"load and backend on core {cores.load}, proxy on core {cores.proxy}" if cores.load != cores.proxy else "all on one core"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}; {shared}"


def python() -> str:
    """The interpreter of the sidecar and of the Python peers: version, and how it was built, which makes up to 30 %."""
    if sys.base_prefix == "/usr":
        build = "the distribution's own build"
    elif "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        build = "built with profile-guided optimisation"
    else:
        build = "built without profile-guided optimisation"
    interpreter = f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}, {build}"
    return ", ".join([interpreter, _version("uvloop"), _version("aiohttp")])


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"no {package}"
