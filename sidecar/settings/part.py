"""What every part of the settings is made of: mappings of known keys, and secrets that stand in a file or in the environment."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from sidecar.settings.scalars import HiddenText, Name
from sidecar.settings.tree import Written


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, Written) and value.value is None)


def without_nulls(value: Any) -> Any:
    """A key with nothing behind it counts as absent."""
    return {key: item for key, item in value.items() if not _is_null(item)} if isinstance(value, dict) else value


class Part(BaseModel):
    """A mapping of known keys; immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    _drop_nulls = model_validator(mode="before")(without_nulls)


class SecretFile(Part):
    """A secret that stands in a file of its own."""

    file: Name = Field(description="Path of the file, relative to this one. ${NAME} is replaced from the environment.")


def _kind_of_secret(value: Any) -> str:
    return "file" if isinstance(value, dict | SecretFile) else "text"


Secret = Annotated[Annotated[HiddenText, Tag("text")] | Annotated[SecretFile, Tag("file")], Discriminator(_kind_of_secret)]
"""A secret as text, mostly ${NAME}, or as {file: path}."""
