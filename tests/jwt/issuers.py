"""Three issuers for tests: a company with a key set, a partner who names people by address, and one with a shared secret."""

from dataclasses import replace

from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.issuer import ClientClaim, Issuer, UserClaim, UserKey
from sidecar.identity.key_set import read_key_set, secret_key
from tests.jwt import mint

A = JwtAlgorithm

COMPANY = Issuer(
    name="company",
    issuer=mint.COMPANY,
    audiences=frozenset({"connectors"}),
    algorithms=frozenset({A.RS256, A.PS256, A.ES256, A.ES384, A.EDDSA}),
    keys=read_key_set(mint.COMPANY_KEYS),
    user=UserClaim("preferred_username"),
    app_connector=ClientClaim("azp", {"hours-mobile": "hours"}),
    attributes={"department": "department"},
)
PARTNER = replace(
    COMPANY,
    name="partner",
    issuer=mint.PARTNER,
    algorithms=frozenset({A.RS256}),
    keys=read_key_set(mint.PARTNER_KEYS),
    user=UserClaim("email", UserKey.EMAIL),
    attributes={},
)
SHARED = replace(
    COMPANY, name="shared", issuer=mint.SHARED, algorithms=frozenset({A.HS256}), keys=secret_key(mint.SECRET, [A.HS256]), attributes={}
)
ISSUERS = {issuer.issuer: issuer for issuer in (COMPANY, PARTNER, SHARED)}
