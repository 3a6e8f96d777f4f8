"""Settings as a whole: all in which their parts must agree is checked, and what they mean is compiled.

It is the same wherever policy stands: in files, in a database, or on its way from one into the other.
"""

from sidecar.otp.enrolment import Enrolments
from sidecar.policy.model import Policy
from sidecar.settings.compile import compile_policy
from sidecar.settings.emptied import check_emptied
from sidecar.settings.issuer_advice import check_issuers
from sidecar.settings.model import Settings
from sidecar.settings.otp_advice import compile_enrolments
from sidecar.settings.references import check_references
from sidecar.settings.report import Report


def compile_settings(settings: Settings, report: Report) -> tuple[Policy, Enrolments | None]:
    """The policy, without version, and whose users may fetch tokens, if anybody may.

    They may be used only where the report prevents no loading: parts with errors are left out.
    """
    check_references(settings, report)
    check_emptied(settings, report)
    check_issuers(settings, report)
    policy = compile_policy(settings, report)
    return policy, compile_enrolments(settings, policy, report)
