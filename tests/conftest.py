"""How many examples the property tests try: few and always the same in an ordinary run, many and different ones in a thorough run.

HYPOTHESIS_PROFILE=thorough python -m pytest tests/filters tests/policy
"""

import os

from hypothesis import HealthCheck, settings

# No example database: a run leaves nothing behind, and a failure prints the example to copy into a test.
_UNHURRIED = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

settings.register_profile("default", _UNHURRIED, max_examples=200, derandomize=True)
settings.register_profile("thorough", _UNHURRIED, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
