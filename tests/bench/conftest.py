"""The measurements read /proc and pin cores: they are for Linux, and so are their tests."""

import sys

collect_ignore_glob = [] if sys.platform == "linux" else ["*"]
