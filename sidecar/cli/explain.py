"""`sidecar explain`: why a request would be allowed or refused, and what would be sent to the backend."""

import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sidecar.cli.configuration import config_option, usable_snapshot
from sidecar.cli.explain_jwt import whom_it_proves
from sidecar.cli.explain_ownership import whose_it_is
from sidecar.cli.explain_soap import described_unnarrowed, forwarded_message, read_message
from sidecar.cli.find_user import find_user
from sidecar.dialects.call import Call, GetRows, Preflight, RunReport, Update
from sidecar.dialects.rest.read import read
from sidecar.errors import Reason, Refusal
from sidecar.filters.describe import describe
from sidecar.identity.client_certificate import read_certificate
from sidecar.identity.confirmation import check_certificate
from sidecar.policy.decision import Allow
from sidecar.policy.explain import Explanation
from sidecar.policy.explain import explain as explain_decision
from sidecar.policy.model import AppConnector, Caller, ClientCertificate, Enforcement
from sidecar.policy.shadow import unmet_in_shadow
from sidecar.policy.special import narrow_report
from sidecar.proxy.plan import plan
from sidecar.proxy.route import route_to
from sidecar.proxy.shadow import shadow
from sidecar.proxy.soap_preparation import admits_service
from sidecar.store.snapshot import Environment, Snapshot


@click.command()
@config_option
@click.option("--app", "app_name", default=None, help="App connector, by its name in the configuration.")
@click.option("--user", "user_name", default=None, help="User, by name.")
@click.option("--bearer", type=click.File("rb"), default=None, help="File with a JWT that says both, - for standard input.")
@click.option("--address", default="", help="Client address, for app connectors with address rules.")
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the client's certificate, for app connectors that ask for one.",
)
@click.option("--at", type=click.DateTime(), default=None, help="Moment (UTC) to decide for; default now.")
@click.option("--body", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the SOAP message of a POST.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.argument("request")
def explain(
    config: tuple[Path, ...],
    app_name: str | None,
    user_name: str | None,
    bearer: BinaryIO | None,
    address: str,
    certificate: Path | None,
    at: datetime | None,
    body: Path | None,
    as_json: bool,
    request: str,
) -> None:
    """Explain what happens to REQUEST, such as 'GET /ProfitRestServices/connectors/Profit_Hours?take=10'.

    The user is taken to have a valid token; or his JWT is verified as of now, for which the issuer's keys are fetched if need be. Exit code
    0 if the request would be allowed, 1 if refused.
    """
    if (bearer is None) is (app_name is None or user_name is None) or (bearer is not None and (app_name or user_name)):
        raise click.UsageError("give --app and --user, or --bearer alone")
    if not request.strip().partition(" ")[0].isalpha():
        raise click.UsageError("REQUEST begins with its method, and has the path without scheme and host: 'GET /…'")
    snapshot = usable_snapshot(config)
    now = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    try:
        if bearer is None:
            caller = _caller(config, snapshot, app_name, user_name, address)
        else:
            caller = whom_it_proves(config, snapshot, bearer.read(), address)
        if certificate is not None:
            caller = replace(caller, certificate=_certificate(certificate))
        if caller.bound_to:
            check_certificate(caller.bound_to, caller.certificate)
    except Refusal as refusal:
        report = {"request": request.strip(), "allowed": False, **_refused(refusal)}
    else:
        report = _report(snapshot, caller, request, None if body is None else body.read_bytes(), now)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(report)
    raise SystemExit(0 if report["allowed"] else 1)


def _caller(config: tuple[Path, ...], snapshot: Snapshot, app_name: str | None, user_name: str | None, address: str) -> Caller:
    policy = snapshot.policy
    if app_name is None or app_name not in policy.app_connectors:
        raise click.UsageError(f"there is no app connector `{app_name}`; there are: {', '.join(policy.app_connectors) or 'none'}")
    user = None if user_name is None else find_user(config, snapshot, user_name)
    if user is None:
        close = get_close_matches(str(user_name), policy.users, 1)
        raise click.UsageError(f"there is no user `{user_name}`" + (f"; did you mean `{close[0]}`?" if close else ""))
    return Caller(user, policy.app_connectors[app_name], "explain", address)


def _certificate(file: Path) -> ClientCertificate:
    try:
        return read_certificate(ssl.PEM_cert_to_DER_cert(file.read_text("ascii").strip()))
    except ValueError:
        raise click.UsageError(f"{file} holds no certificate in PEM") from None


def _report(snapshot: Snapshot, caller: Caller, request: str, body: bytes | None, now: datetime) -> dict[str, Any]:
    """All that there is to say, in plain values."""
    method, _, target = request.strip().partition(" ")
    environment = snapshot.environments[caller.app_connector.environment]
    report: dict[str, Any] = {
        "request": request.strip(),
        **({"issuer": caller.issuer} if caller.issuer else {}),
        **({"bound_to": "key"} if caller.bound_key else {}),
        "user": caller.user.name,
        "groups": sorted(caller.user.groups),
        "app_connector": caller.app_connector.name,
        "group": caller.app_connector.group,
        "environment": environment.name,
        "policy_version": snapshot.policy.version,
        "allowed": False,
    }
    if caller.app_connector.enforcement is Enforcement.SHADOW:
        report["shadow"] = _in_shadow(snapshot, caller, method, target.strip(), body, now)
    try:
        message = read_message(environment, method, target.strip(), body)
        call = _read(environment, method, target.strip()) if message is None else message.call
        report["call"] = type(call).__name__
        explanation = explain_decision(snapshot.policy, caller, call, now)
        report |= _decision(explanation)
        if message is not None and not admits_service(caller, message):
            raise Refusal(Reason.CONNECTOR_NOT_LISTED)
        if isinstance(explanation.decision, Allow):
            claim = explanation.decision.claim
            whose = {} if claim is None else whose_it_is(claim, environment)
            allowed = replace(explanation.decision, claim=None)
            report |= _forwarded(call, allowed, environment) if message is None else forwarded_message(message, allowed, environment)
            report |= whose
            report["allowed"] = True
    except Refusal as refusal:
        report |= {"allowed": False, **_refused(refusal)}
    if report.get("reason") == Reason.CONNECTOR_NOT_LISTED.value and not report["detail"]:
        report["detail"] = _listed(caller.app_connector)
    return report


def _listed(app_connector: AppConnector) -> str:
    names = [each.name for each in app_connector.get_connectors.values()]
    names += [each.name for each in app_connector.update_connectors.values()]
    return f"it lists {', '.join([*names, *(special.value for special in app_connector.special_connectors)]) or 'none'}"


def _refused(refusal: Refusal) -> dict[str, str]:
    return {"reason": refusal.reason.value, "meaning": refusal.reason.meaning, "detail": refusal.detail}


def _read(environment: Environment, method: str, target: str) -> Call:
    return read(method, target, route_to(environment.rest, environment.ca_file).bases, environment.mixed)


def _in_shadow(snapshot: Snapshot, caller: Caller, method: str, target: str, body: bytes | None, now: datetime) -> dict[str, str | None]:
    """What becomes of the request in truth, whatever the rest of the report says."""
    environment = snapshot.environments[caller.app_connector.environment]
    try:
        message = read_message(environment, method, target, body)
        if message is not None:
            in_force, _ = unmet_in_shadow(caller, now)
            told = {"reason": in_force.value} if in_force is not None else {}
            return {"forwarded": None if told else described_unnarrowed(message, environment), **told}
        call = shadow(snapshot, caller, method, target, now, lambda _call: None)
    except Refusal as refusal:
        return {"forwarded": None, "reason": refusal.reason.value}
    line = call.head.partition(b"\r\n")[0].decode("ascii").removesuffix(" HTTP/1.1")
    return {"forwarded": line, **call.outcome.fields()}


def _decision(explanation: Explanation) -> dict[str, Any]:
    steps = [
        {"condition": step.condition, "holds": step.failure is None, "reason": step.failure.value if step.failure else None}
        for step in explanation.steps
    ]
    decision = explanation.decision
    if not isinstance(decision, Allow):
        return {"conditions": steps, "reason": decision.reason.value, "meaning": decision.reason.meaning, "detail": decision.detail}
    report: dict[str, Any] = {"conditions": steps, "connector": decision.connector}
    rows = decision.rows if decision.claim is None else decision.claim.rows
    if rows is not None:
        report["rows"] = describe(rows.predicate)
        report["filter_types"] = [
            {
                "filter_type": each.filter_type,
                "rows": describe(each.predicate),
                "grants": [{"group": grant.group, "where": grant.where, "rows": describe(grant.predicate)} for grant in each.grants],
            }
            for each in rows.by_type
        ]
    return report


def _forwarded(call: Call, decision: Allow, environment: Environment) -> dict[str, Any]:
    if isinstance(call, Preflight):
        return {"forwarded": None, "note": "answered by the sidecar itself"}
    planned = plan(call, decision, environment.mixed)
    base_path = route_to(environment.rest, environment.ca_file).base_path
    report: dict[str, Any] = {"forwarded": f"{planned.verb} {base_path}{planned.target}"}
    if isinstance(call, GetRows) and planned.narrowed is not None:
        report |= {"asked": describe(call.filter), "narrowed": describe(planned.narrowed)}
    if isinstance(call, RunReport):
        report |= {"asked": describe(call.filter), "narrowed": describe(narrow_report(call, decision).filter)}
    if planned.target is None:
        report |= {"forwarded": None, "note": "no row is left: answered with an empty list by the sidecar itself"}
    if isinstance(call, Update):
        report["note"] = "an @Action in the body may need further rights"
    return report


def _print_shadow(shadowed: dict[str, str | None], say: Callable[[str, str], None]) -> None:
    if shadowed["forwarded"] is None:
        say(f"SHADOW         refused even so: {shadowed['reason']}", "bold yellow")
    else:
        say("SHADOW         this app connector only tells what follows; the backend is asked what the app asked for:", "bold yellow")
        say(f"               {shadowed['forwarded']}", "yellow")


def _print(report: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style))

    allowed = report["allowed"]
    say(f"{'ALLOWED' if allowed else 'REFUSED'}  {report['request']}", "bold green" if allowed else "bold red")
    if "issuer" in report:
        say(f"issuer         {report['issuer']}, whose JWT is valid")
    if "bound_to" in report:
        say("               together with a proof of its key (DPoP), made for each request")
    if "user" in report:
        say(f"user           {report['user']}, in the groups {', '.join(report['groups'])}")
        of = f"of the group {report['group']}, environment {report['environment']}, policy {report['policy_version']}"
        say(f"app connector  {report['app_connector']}, {of}")
    if "shadow" in report:
        _print_shadow(report["shadow"], say)
    for step in report.get("conditions", ()):
        say(f"  {'ok   ' if step['holds'] else 'FAILS'}  {step['condition']}", "" if step["holds"] else "red")
    if not allowed:
        say(f"reason         {report['reason']}: {report['meaning']}", "red")
        if report.get("detail"):
            say(f"               {report['detail']}", "red")
    for filter_type in report.get("filter_types", ()):
        say(f"filter type    {filter_type['filter_type']}: {filter_type['rows']}")
        for grant in filter_type["grants"]:
            say(f"  group {grant['group']}, where {grant['where']}: {grant['rows']}")
        if not filter_type["grants"]:
            say("  no group of this user has a filter here, so he sees no rows", "yellow")
    if "asked" in report:
        table = Table("rows asked for", "rows asked of the backend", box=None, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_row(Text(report["asked"]), Text(report["narrowed"]))
        console.print(table, soft_wrap=False)
    if "ownership" in report:
        claim = report["ownership"]
        ids = " and ".join(f"{field} = {text!r}" for field, text in claim["ids"].items())
        say(f"whose it is    a row of {claim['get_connector']} with {ids}, among those that he may see")
        for question in claim["questions"]:
            say(f"asked first     {question}")
    if report.get("forwarded"):
        say(f"from the client {report['request']}")
        say(f"to the backend  {report['forwarded']}")
    if report.get("message"):
        say(f"with            {report['message']}")
    if report.get("note"):
        say(f"note           {report['note']}")
