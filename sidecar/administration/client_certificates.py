"""With which client certificates an app connector may be used, beside all other conditions."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError
from sqlalchemy import update

from sidecar.administration.app_state import AppState, before_change, changed_app
from sidecar.administration.not_done import NotFoundError
from sidecar.administration.operation import Argument, Changed, Operation, Request, Work, changing
from sidecar.administration.requests import Key, invalid
from sidecar.policy_database.rows import Row, certificates_row
from sidecar.policy_database.tables import app_connectors
from sidecar.settings.scalars import fingerprint
from sidecar.settings.tls import CertificateRule

_WHOLE = r"^[^\s*\x00-\x1f\x7f-\x9f]([^*\x00-\x1f\x7f-\x9f]*[^\s*\x00-\x1f\x7f-\x9f])?$"

_AppName = Annotated[Key, Argument(), Field(description="The app connector's name.")]
_Fingerprint = Annotated[str, BeforeValidator(fingerprint), Field(json_schema_extra={"pattern": "^[0-9A-Fa-f]{64}$"})]
_WholeName = Annotated[Key, Field(json_schema_extra={"pattern": _WHOLE})]


class SetClientCertificate(Request):
    """The client certificates with which an app connector may be used: those that any of the lists names."""

    app: _AppName
    sha256: Annotated[
        tuple[_Fingerprint, ...],
        Field(max_length=100, description="SHA-256 of a certificate (DER), in hexadecimal.", examples=[["ab" * 32]]),
    ] = ()
    dns_names: Annotated[
        tuple[_WholeName, ...],
        Field(max_length=100, description="DNS names among its alternative names, whole.", examples=[["hours.example"]]),
    ] = ()
    uris: Annotated[
        tuple[_WholeName, ...],
        Field(max_length=100, description="URIs among its alternative names.", examples=[["spiffe://example.com/hours"]]),
    ] = ()
    common_names: Annotated[
        tuple[_WholeName, ...], Field(max_length=100, description="Common names (CN), for certificates without alternative names.")
    ] = ()


class ClientCertificateOf(Request):
    """The client certificates of an app connector."""

    app: _AppName


@changing("app.client-certificate.set", "Let an app connector be used with certain client certificates only", of_rights=True)
async def set_client_certificate(work: Work, request: SetClientCertificate) -> Changed[AppState]:
    """Beside all other conditions. They take the place of others. The proxy must ask for certificates (`tls`), or be told them."""
    try:
        rule = CertificateRule.model_validate(request.model_dump(exclude={"app"}))
    except ValidationError as error:
        raise invalid(error) from None
    before = await before_change(work, request.app)
    await _set(work, request.app, certificates_row(rule))
    return await changed_app(work, before)


@changing("app.client-certificate.remove", "Let an app connector be used with any client certificate, or with none", of_rights=True)
async def remove_client_certificate(work: Work, request: ClientCertificateOf) -> Changed[AppState]:
    """All other conditions stay."""
    before = await before_change(work, request.app)
    if before.state.client_certificate is None:
        raise NotFoundError(f"`{request.app}` asks for no client certificate")
    await _set(work, request.app, None)
    return await changed_app(work, before)


async def _set(work: Work, app: str, rule: Row | None) -> None:
    await work.connection.execute(update(app_connectors).where(app_connectors.c.name == app).values(client_certificate=rule))


OPERATIONS: tuple[Operation, ...] = (set_client_certificate, remove_client_certificate)
