"""What an app connector lists: connectors of all kinds, addresses of clients, and keys for one-time passwords."""

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field, StrictBool, ValidationError
from sqlalchemy import Table, and_, delete, insert, update

from sidecar.administration.app_state import AppState, before_change, changed_app
from sidecar.administration.naming import nearest
from sidecar.administration.not_done import InvalidError, NotFoundError, RefusedError
from sidecar.administration.operation import Argument, Changed, Operation, Request, Work, changing
from sidecar.administration.requests import Connector, Digest, FieldCode, Key, Report, invalid
from sidecar.dialects.call import Action, Special
from sidecar.otp.message import Language
from sidecar.policy_database.rows import report_rows, rule_row
from sidecar.policy_database.tables import addresses, app_connectors, get_connectors, reports, special_connectors, update_connectors
from sidecar.settings.otp import OtpKeys
from sidecar.settings.scalars import AddressOrNetwork
from sidecar.settings.special import SpecialConnectors, rules_of

_AppName = Annotated[Key, Argument(), Field(description="The app connector's name.")]
_Connectors = Annotated[tuple[Connector, ...], Argument(), Field(min_length=1, max_length=100, description="Names of GetConnectors.")]
_Networks = Annotated[
    tuple[AddressOrNetwork, ...],
    Argument(),
    Field(min_length=1, max_length=100, description="Addresses and networks.", examples=[["192.0.2.0/24"]]),
]
_ReportIds = Annotated[tuple[Report, ...], Field(max_length=1_000)]


class _OfApp(Request):
    app: _AppName


class AddGetConnectors(_OfApp):
    """GetConnectors for an app connector."""

    connectors: _Connectors
    unfiltered: Annotated[StrictBool, Field(description="Every member sees every row, unless a filter type guards them.")] = False


class RemoveGetConnectors(_OfApp):
    """GetConnectors to take from an app connector."""

    connectors: _Connectors


class SetUpdateConnector(_OfApp):
    """An UpdateConnector for an app connector, with what may be done through it."""

    connector: Annotated[Connector, Argument(), Field(description="Name of the UpdateConnector.", examples=["PtRealization"])]
    actions: Annotated[tuple[Action, ...], Argument(), Field(min_length=1, max_length=3, description="insert, update, delete.")]


class RemoveUpdateConnector(_OfApp):
    """An UpdateConnector to take from an app connector."""

    connector: Annotated[Connector, Argument(), Field(description="Name of the UpdateConnector.")]


class SetSpecial(_OfApp):
    """A special connector for an app connector, with who may fetch what of it."""

    kind: Annotated[Special, Argument(), Field(description="Which one.")]
    get_connector: Annotated[
        Connector | None, Field(description="Is asked for the user's row with the id; a filter type must guard it.")
    ] = None
    field: Annotated[FieldCode | None, Field(description="The field that holds the id.")] = None
    file_field: Annotated[FieldCode | None, Field(description="Of `subject`: the field of the same row with the id of the file.")] = None
    reports: Annotated[_ReportIds, Field(description="Of `report`: ids, each guarded by a filter type.")] = ()
    unchecked_reports: Annotated[_ReportIds, Field(description="Of `report`: ids of which every member gets everything.")] = ()
    unchecked: Annotated[StrictBool, Field(description="Every member may fetch all of it whose id he knows.")] = False


class RemoveSpecial(_OfApp):
    """A special connector to take from an app connector."""

    kind: Annotated[Special, Argument(), Field(description="Which one.")]


class SomeAddresses(_OfApp):
    """Addresses of clients."""

    networks: _Networks


class RemoveAddresses(SomeAddresses):
    """Addresses of clients about which nothing is said any more."""

    open_to_all: Annotated[
        StrictBool, Field(description="Without any allowed address, clients at all others may use it: that is meant.")
    ] = False


class SetOtpKeys(_OfApp):
    """The keys by which the app asks for one-time passwords; `sidecar otp keys` makes them."""

    api_key_sha256: Annotated[Digest, Field(description="SHA-256 of the API key, in hexadecimal.")]
    environment_key_sha256: Annotated[Digest, Field(description="SHA-256 of the environment key, in hexadecimal.")]
    language: Annotated[Language | None, Field(description="Language of the mail; the environment's unless said.")] = None


class OtpKeysOf(_OfApp):
    """The keys of an app connector."""


@changing("app.get-connector.add", "List GetConnectors for an app connector", of_rights=True)
async def add_get_connectors(work: Work, request: AddGetConnectors) -> Changed[AppState]:
    """Each must be guarded by a filter type, or its rows are denied; that every member sees every row is said by `unfiltered`."""
    before = await before_change(work, request.app)
    known = {*before.state.get_connectors, *before.state.unfiltered_get_connectors}
    for connector in dict.fromkeys(request.connectors):
        values = {"app_connector": request.app, "name": connector, "unfiltered": request.unfiltered}
        if connector in known:
            of_this = and_(get_connectors.c.app_connector == request.app, get_connectors.c.name == connector)
            await work.connection.execute(update(get_connectors).where(of_this).values(values))
        else:
            await work.connection.execute(insert(get_connectors).values(values))
    return await changed_app(work, before)


@changing("app.get-connector.remove", "Take GetConnectors from an app connector", of_rights=True)
async def remove_get_connectors(work: Work, request: RemoveGetConnectors) -> Changed[AppState]:
    """They can't be called through it any more."""
    before = await before_change(work, request.app)
    known = {*before.state.get_connectors, *before.state.unfiltered_get_connectors}
    for connector in dict.fromkeys(request.connectors):
        await _remove(work, get_connectors, request.app, "name", connector, "GetConnector", known)
    return await changed_app(work, before)


@changing("app.update-connector.set", "List an UpdateConnector for an app connector", of_rights=True)
async def set_update_connector(work: Work, request: SetUpdateConnector) -> Changed[AppState]:
    """Exactly these actions may be done through it from now on."""
    before = await before_change(work, request.app)
    of_this = and_(update_connectors.c.app_connector == request.app, update_connectors.c.name == request.connector)
    await work.connection.execute(delete(update_connectors).where(of_this))
    may = {f"may_{action.value}": action in request.actions for action in Action}
    await work.connection.execute(insert(update_connectors).values(app_connector=request.app, name=request.connector, **may))
    return await changed_app(work, before)


@changing("app.update-connector.remove", "Take an UpdateConnector from an app connector", of_rights=True)
async def remove_update_connector(work: Work, request: RemoveUpdateConnector) -> Changed[AppState]:
    """Nothing can be written through it any more."""
    before = await before_change(work, request.app)
    known = before.state.update_connectors
    await _remove(work, update_connectors, request.app, "name", request.connector, "UpdateConnector", known)
    return await changed_app(work, before)


@changing("app.special.set", "List a special connector for an app connector", of_rights=True)
async def set_special(work: Work, request: SetSpecial) -> Changed[AppState]:
    """Who may fetch what of it: those who see a row with its id, some reports, or, said out loud, every member everything."""
    before = await before_change(work, request.app)
    rule = _rule(request)
    await _forget_special(work, request.app, request.kind)
    row = {"app_connector": request.app, "kind": request.kind.value, **rule_row(rule)}
    await work.connection.execute(insert(special_connectors).values(row))
    listed = [{"app_connector": request.app, **report} for report in report_rows(rule)]
    if listed:
        await work.connection.execute(insert(reports), listed)
    return await changed_app(work, before)


@changing("app.special.remove", "Take a special connector from an app connector", of_rights=True)
async def remove_special(work: Work, request: RemoveSpecial) -> Changed[AppState]:
    """Nothing of it can be fetched any more."""
    before = await before_change(work, request.app)
    if request.kind.value not in before.state.special_connectors:
        raise NotFoundError(f"`{request.app}` does not list `{request.kind.value}`", "`app show` tells what it lists")
    await _forget_special(work, request.app, request.kind)
    return await changed_app(work, before)


@changing("app.address.allow", "Allow addresses of clients", of_rights=True)
async def allow_addresses(work: Work, request: SomeAddresses) -> Changed[AppState]:
    """As soon as any are allowed, clients at all others are refused."""
    return await _put_addresses(work, request, denied=False)


@changing("app.address.deny", "Deny addresses of clients", of_rights=True)
async def deny_addresses(work: Work, request: SomeAddresses) -> Changed[AppState]:
    """Clients there are refused, even where they are allowed too."""
    return await _put_addresses(work, request, denied=True)


@changing("app.address.remove", "Say nothing of addresses any more", of_rights=True)
async def remove_addresses(work: Work, request: RemoveAddresses) -> Changed[AppState]:
    """They are neither allowed nor denied. Refused where no allowed one would be left, unless `open_to_all` says that this is meant."""
    before = await before_change(work, request.app)
    gone = {str(network) for network in request.networks}
    known = {*before.state.ip.allow, *before.state.ip.deny}
    for network in sorted(gone):
        await _remove(work, addresses, request.app, "network", network, "address", known)
    if before.state.ip.allow and gone >= set(before.state.ip.allow) and not request.open_to_all:
        message = f"no allowed address would be left, so that `{request.app}` could be used from everywhere"
        raise RefusedError(message, "allow others first, or say that it is meant: `open_to_all`")
    return await changed_app(work, before)


@changing("app.otp-keys.set", "Let an app ask for one-time passwords", of_rights=True)
async def set_otp_keys(work: Work, request: SetOtpKeys) -> Changed[AppState]:
    """With these keys the app's users get tokens by one-time password. They take the place of others."""
    try:
        keys = OtpKeys.model_validate(request.model_dump(exclude={"app"}))
    except ValidationError as error:
        raise invalid(error) from None
    before = await before_change(work, request.app)
    await _set_keys(
        work,
        request.app,
        bytes.fromhex(keys.api_key_sha256),
        bytes.fromhex(keys.environment_key_sha256),
        keys.language.value if keys.language else None,
    )
    return await changed_app(work, before)


@changing("app.otp-keys.remove", "Let an app ask for no one-time passwords any more", of_rights=True)
async def remove_otp_keys(work: Work, request: OtpKeysOf) -> Changed[AppState]:
    """Tokens that it has stay."""
    before = await before_change(work, request.app)
    if before.state.otp_keys is None:
        raise NotFoundError(f"`{request.app}` has no keys for one-time passwords")
    await _set_keys(work, request.app, None, None, None)
    return await changed_app(work, before)


def _rule(request: SetSpecial) -> Any:
    """The rule, checked as the configuration's is."""
    owned = {key: value for key in ("get_connector", "field", "file_field") if (value := getattr(request, key)) is not None}
    listed = {"reports": list(request.reports), "unchecked": list(request.unchecked_reports)}
    listed = {key: value for key, value in listed.items() if value}
    said: list[Any] = [each for each in (owned, listed, "unchecked" if request.unchecked else None) if each]
    if len(said) > 1:
        raise InvalidError("", "says several things of who may fetch", "give a GetConnector with its field, reports, or `unchecked`")
    try:
        parts = SpecialConnectors.model_validate({request.kind.value: said[0] if said else None})
    except ValidationError as error:
        problem = invalid(error)
        raise InvalidError(problem.place.rpartition(".")[2], problem.message, problem.remedy) from None
    return rules_of(parts)[request.kind]


async def _forget_special(work: Work, app: str, kind: Special) -> None:
    of_this = and_(special_connectors.c.app_connector == app, special_connectors.c.kind == kind.value)
    await work.connection.execute(delete(special_connectors).where(of_this))
    if kind is Special.REPORT:
        await work.connection.execute(delete(reports).where(reports.c.app_connector == app))


async def _put_addresses(work: Work, request: SomeAddresses, *, denied: bool) -> Changed[AppState]:
    before = await before_change(work, request.app)
    known = before.state.ip.deny if denied else before.state.ip.allow
    fresh = [network for network in sorted({str(each) for each in request.networks}) if network not in known]
    if fresh:
        rows = [{"app_connector": request.app, "network": network, "denied": denied} for network in fresh]
        await work.connection.execute(insert(addresses), rows)
    return await changed_app(work, before)


async def _remove(work: Work, table: Table, app: str, column: str, name: str, what: str, known: Collection[str]) -> None:
    if name not in known:
        raise NotFoundError(f"`{app}` lists no {what} `{name}`", nearest(name, sorted(known)))
    await work.connection.execute(delete(table).where(table.c.app_connector == app, table.c[column] == name))


async def _set_keys(work: Work, app: str, api_key: bytes | None, environment_key: bytes | None, language: str | None) -> None:
    values = {"otp_api_key_sha256": api_key, "otp_environment_key_sha256": environment_key, "otp_language": language}
    await work.connection.execute(update(app_connectors).where(app_connectors.c.name == app).values(values))


OPERATIONS: tuple[Operation, ...] = (
    add_get_connectors,
    remove_get_connectors,
    set_update_connector,
    remove_update_connector,
    set_special,
    remove_special,
    allow_addresses,
    deny_addresses,
    remove_addresses,
    set_otp_keys,
    remove_otp_keys,
)
