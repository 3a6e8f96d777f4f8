"""ETag and If-Match: who changes what he has seen is told if it is otherwise by now, instead of undoing unseen what another one did."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from sidecar.admin.api.problem import Problem, Why
from sidecar.administration.operation import Operation, Request, Work

ANY = "*"
IF_MATCH = r'^(\*|(W/)?"[\x21\x23-\x7e]*"([ \t]*,[ \t]*(W/)?"[\x21\x23-\x7e]*")*)$'
_TAG = re.compile(r'(?:W/)?"[^"]*"')


def tag_of(shown: BaseModel) -> str:
    """The entity tag of what is shown: another one as soon as any of it is otherwise."""
    return f'"{hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:32]}"'


def read_if_match(values: Sequence[str]) -> frozenset[str]:
    """The tags of which one must be that of what is there, or `ANY`. Empty without such a header.

    :raises Problem: MALFORMED.
    """
    if not values:
        return frozenset()
    text = ", ".join(value.strip() for value in values)
    if re.fullmatch(IF_MATCH, text) is None:
        raise Problem(Why.MALFORMED, "`If-Match` holds no entity tags", "send back what `ETag` said")
    return frozenset([ANY] if text == ANY else _TAG.findall(text))


def unless_overwritten(operation: Operation, show: Operation, named: Request, expected: Collection[str]) -> Operation:
    """The operation, done only if what it is about has one of these tags: looked at within the same transaction.

    :param show: shows it, `named` says which.
    """

    async def function(work: Work, request: Any) -> BaseModel:
        shown = await show.function(work, named)
        if ANY not in expected and tag_of(shown) not in expected:
            raise Problem(Why.OVERWRITTEN, "it is not as it was when you looked", "look again, and change it as it is now")
        return await operation.function(work, request)

    return replace(operation, function=function)
