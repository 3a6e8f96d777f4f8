"""`sidecar token`: user tokens are made here, shown once, and kept as a hash only."""

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from sidecar.cli.configuration import COULD_NOT_READ, config_option, refuse, tell_fatal, who_option
from sidecar.cli.kept_tokens import KeptToken, kept_tokens, make_kept, policy_is_in_database, revoke_kept, tell_audit
from sidecar.filters.values import has_control_characters
from sidecar.identity.user_token import authorization_for, digest_of, xml_for
from sidecar.otp.issued_token import IssuedToken
from sidecar.policy.decide import app_connector_is_open
from sidecar.policy.model import Caller, Policy
from sidecar.settings.advice import why_refused
from sidecar.settings.problem import Problem
from sidecar.settings.read import read_settings
from sidecar.settings.whole import compile_settings
from sidecar.store.token_file import (
    NewToken,
    StoredToken,
    TokenFileError,
    add_token,
    holds_tokens_only,
    list_tokens,
    revoke_token,
)

_SHORTEST_ID = 12


_Token = StoredToken | IssuedToken
_Listed = _Token | KeptToken


@click.group()
def token() -> None:
    """Make, list and revoke user tokens.

    A token belongs to one app connector, user and device (the description). Only its SHA-256 is kept.
    """


@token.command()
@config_option
@click.option("--app", required=True, help="App connector, by its name in the configuration.")
@click.option("--user", required=True, help="User, by name.")
@click.option("--description", required=True, help="The device, such as iPhone; one token for each.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    metavar="DATE",
    help="When it stops working, such as 2027-01-01 (the start of that day) or 2027-01-01T12:00:00; in UTC.",
)
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Which file of the configuration gets the entry; default: the only one that holds nothing but tokens.",
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@who_option
def new(
    config: tuple[Path, ...],
    app: str,
    user: str,
    description: str,
    expires: datetime | None,
    into: Path | None,
    as_json: bool,
    who: str,
) -> None:
    """Make a token, and show it this once.

    With policy in a database its hash goes there, and otherwise into a file of the configuration.
    """
    now = datetime.now(UTC)
    expires = expires.replace(tzinfo=UTC) if expires else None
    if expires is not None and expires <= now:
        raise click.UsageError("--expires lies in the past")
    if not description.strip() or description != description.strip() or has_control_characters(description):
        raise click.UsageError("--description can't be empty, begin or end with a space, or hold control characters")
    if policy_is_in_database(config):
        if into is not None:
            raise click.UsageError("--into names a file, but policy stands in a database")
        _show_once(make_kept(config, NewToken(app, user, description, "", expires), who), "the database", as_json=as_json)
        return
    policy, files = _policy_and_files(config)
    _refuse_unknown("app connector", app, list(policy.app_connectors))
    _refuse_unknown("user", user, list(policy.users))
    for stored in list_tokens(config)[0]:
        if (stored.app_connector, stored.user, stored.description) == (app, user, description):
            refuse(f"{stored.file}:{stored.line}: {user} has a token for {app} on '{description}' already; name the device otherwise")
    file = _file_for(files, into)
    data = secrets.token_hex(32).upper()
    digest = digest_of(data).hex()
    try:
        add_token(file, NewToken(app, user, description, digest, expires))
    except TokenFileError as error:
        refuse(str(error))
    shown: dict[str, object] = {"id": digest[:_SHORTEST_ID], "app_connector": app, "user": user}
    shown |= {"description": description, "expires": expires.isoformat() if expires else None, "file": str(file)}
    shown |= {"data": data, "xml": xml_for(data), "authorization": authorization_for(data), "warnings": _warnings(policy, app, user, now)}
    _show_once(shown, str(file), as_json=as_json)


def _show_once(made: Mapping[str, Any], kept_in: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False, indent=2))
        return
    whose = f"A token for {made['user']}, app connector {made['app_connector']}, device {made['description']}."
    click.echo(f"{whose} It is shown this once; {kept_in} has its SHA-256.\n")
    click.echo(f"Characters:  {made['data']}")
    click.echo(f"XML:         {made['xml']}")
    click.echo(f"Header:      Authorization: {made['authorization']}")
    for warning in made["warnings"]:
        click.echo(f"warning: {warning}", err=True)


@token.command(name="list", short_help="List the tokens, never what they are.")
@config_option
@click.option("--app", help="Only those of this app connector.")
@click.option("--user", help="Only those of this user.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(config: tuple[Path, ...], app: str | None, user: str | None, as_json: bool) -> None:
    """List the tokens: whose they are and where they stand, never what they are.

    Those that the sidecar issued by one-time password stand in its database.
    """
    if policy_is_in_database(config):
        tokens: Sequence[_Listed] = kept_tokens(config, app, user)
        problems: Sequence[Problem] = ()
    else:
        tokens, problems = list_tokens(config)
    issued, unknown = _issued(config)
    known: list[_Listed] = [*tokens, *issued]
    chosen = [each for each in known if app in (None, each.app_connector) and user in (None, each.user)]
    chosen.sort(key=lambda each: (each.app_connector, each.user, each.description))
    if as_json:
        click.echo(json.dumps([_shown(each) for each in chosen], ensure_ascii=False, indent=2))
    else:
        _print_table(chosen)
    _tell(problems)
    _warn(unknown)
    raise SystemExit(COULD_NOT_READ if problems or unknown else 0)


@token.command(short_help="Take a token away.")
@config_option
@click.argument("token_id", metavar="[ID]", default="")
@click.option("--app", default="", help="App connector of the token.")
@click.option("--user", default="", help="User of the token.")
@click.option("--description", default="", help="Device of the token.")
@who_option
def revoke(config: tuple[Path, ...], token_id: str, app: str, user: str, description: str, who: str) -> None:
    """Take a token away, by its ID from `sidecar token list`, or by --app, --user and --description.

    A running sidecar refuses it within a second.
    """
    if bool(token_id) == bool(app and user and description) or (token_id and (app or user or description)):
        raise click.UsageError("give either an ID, or all of --app, --user and --description")
    if token_id and len(token_id) < _SHORTEST_ID:
        raise click.UsageError(f"an ID has {_SHORTEST_ID} characters")
    in_database = policy_is_in_database(config)
    tokens, problems = ([], ()) if in_database else list_tokens(config)
    _tell(problems)

    def is_meant(stored: _Token) -> bool:
        if token_id:
            return stored.sha256.startswith(token_id.lower())
        return (stored.app_connector, stored.user, stored.description) == (app, user, description)

    issued, unknown = _issued(config)
    _warn(unknown)
    given = [each for each in issued if is_meant(each)]
    found = [each for each in tokens if is_meant(each)]
    meant: list[_Token] = [*found, *given]
    if in_database and given and not token_id:
        kept = [each for each in kept_tokens(config, app, user) if each.description == description]
        if kept:
            refuse(
                f"several tokens are meant: {', '.join([*(each.id for each in given), *(each.id for each in kept)])}; name one by its ID"
            )
    if in_database and not given:
        content = {"id": token_id} if token_id else {"app": app, "user": user, "description": description}
        gone = revoke_kept(config, content, who)
        click.echo(f"revoked {gone.id}: {gone.user}, {gone.app_connector}, {gone.description} (database)")
        return
    if not meant:
        refuse("there is no such token; `sidecar token list` shows those that there are")
    if len({each.sha256 for each in meant}) > 1:
        refuse(f"several tokens are meant: {', '.join(each.id for each in meant)}; name one by its ID")
    for each in given:
        _revoke_issued(config, each)
        if in_database:
            tell_audit(config, each, who)
    if found:
        _revoke_in_files(config, found, is_meant)


def _revoke_in_files(config: Sequence[Path], found: list[StoredToken], is_meant: Callable[[_Token], bool]) -> None:
    while found:  # an entry that stands twice must be gone everywhere
        try:
            revoke_token(found[0])
        except TokenFileError as error:
            refuse(str(error))
        click.echo(f"revoked {found[0].id}: {found[0].user}, {found[0].app_connector}, {found[0].description} ({found[0].file})")
        found = [each for each in list_tokens(config)[0] if is_meant(each)]
    reading = read_settings(config, None)
    if reading.report.prevents_loading:
        click.echo("warning: the configuration has errors, so a running sidecar keeps the token until they are mended:", err=True)
        tell_fatal(reading.report.problems)


def _policy_and_files(config: Sequence[Path]) -> tuple[Policy, tuple[Path, ...]]:
    """The policy without what concerns the backend, whose secrets need not be at hand where tokens are made."""
    reading = read_settings(config, None)
    policy = None
    if reading.sound is not None:
        policy, _ = compile_settings(reading.sound, reading.report)
    if policy is None or reading.report.prevents_loading:
        tell_fatal(reading.report.problems)
        raise SystemExit(1 if reading.sound is not None else COULD_NOT_READ)
    return policy, reading.files


def _file_for(files: Sequence[Path], into: Path | None) -> Path:
    if into is not None:
        chosen = [file for file in files if file.resolve() == into.resolve()]
        if not chosen:
            refuse(f"{into} is not part of the configuration; list it under `include`, or name it with -c")
        return chosen[0]
    apart = [file for file in files if holds_tokens_only(file)]
    if len(apart) != 1:
        count = "no file" if not apart else "more than one file"
        refuse(f"{count} of the configuration holds nothing but tokens; say with --into which of {', '.join(map(str, files))} it shall be")
    return apart[0]


def _warnings(policy: Policy, app: str, user: str, now: datetime) -> list[str]:
    caller = Caller(policy.users[user], policy.app_connectors[app], "")
    reasons = [app_connector_is_open(caller, now), why_refused(caller, now)]
    return [f"the token is refused for now: {reason.meaning}" for reason in reasons if reason is not None]


def _refuse_unknown(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        close = get_close_matches(name, known, 1)
        refuse(f"there is no {what} '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))


def _tell(problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(str(problem), err=True)


def _issued(config: Sequence[Path]) -> tuple[list[IssuedToken], str]:
    """Those that were issued, or why nobody can say."""
    reading = read_settings(config, os.environ)
    if not reading.report.names("one_time_passwords"):
        return [], ""
    from sidecar.cli.issued import UnknownDatabaseError, issued_tokens  # brings SQLAlchemy along

    try:
        return issued_tokens(reading), ""
    except UnknownDatabaseError as error:
        return [], str(error)


def _revoke_issued(config: Sequence[Path], token: IssuedToken) -> None:
    from sidecar.cli.issued import UnknownDatabaseError, revoke_issued

    try:
        revoke_issued(read_settings(config, os.environ), token)
    except UnknownDatabaseError as error:
        refuse(str(error))
    click.echo(f"revoked {token.id}: {token.user}, {token.app_connector}, {token.description} (issued)")


def _warn(message: str) -> None:
    if message:
        click.echo(f"warning: {message}; issued tokens are left out", err=True)


def _shown(stored: _Listed) -> dict[str, str | int | None]:
    place: dict[str, str | int | None]
    if isinstance(stored, KeptToken):
        place = {"file": None, "line": None, "issued": None}
        expires = stored.expires.isoformat() if stored.expires else None
    elif isinstance(stored, IssuedToken):
        place = {"file": None, "line": None, "issued": stored.issued.isoformat()}
        expires = stored.expires.isoformat()
    else:
        place, expires = {"file": str(stored.file), "line": stored.line, "issued": None}, stored.expires
    return {
        "id": stored.id,
        "app_connector": stored.app_connector,
        "user": stored.user,
        "description": stored.description,
        "expires": expires,
        **place,
    }


def _print_table(tokens: Sequence[_Listed]) -> None:
    """Where they are kept stands in the last column, which is left out where all are in the database of policy."""
    rows: list[tuple[str, ...]] = [("ID", "APP CONNECTOR", "USER", "DESCRIPTION", "EXPIRES", "FILE")]
    for each in tokens:
        match each:
            case StoredToken():
                place = (each.expires, f"{each.file}:{each.line}")
            case _:
                expires = f"{each.expires:%Y-%m-%d}" if each.expires else ""
                place = (expires, "(issued)" if isinstance(each, IssuedToken) else "(database)")
        rows.append((each.id, each.app_connector, each.user, each.description, *place))
    if tokens and all(isinstance(each, KeptToken) for each in tokens):
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
