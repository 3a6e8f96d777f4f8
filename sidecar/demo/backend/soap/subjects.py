"""Attachments of a dossier item over SOAP: one of them, or all, with or without what they hold (wire reference 3.1)."""

import base64
import sqlite3

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.soap.envelope import escape_text


def attachments_of_subject(database: sqlite3.Connection, subject: str, *, with_data: bool) -> str:
    """A list of the attachments as XML.

    :raises Failure: when the dossier item has none.
    """
    found = database.execute("SELECT file, name, content FROM attachments WHERE subject = ? ORDER BY file", [subject]).fetchall()
    if not found:
        raise Failure("The dossier item does not exist, has no attachments, or you have no rights to it.")
    attachments = "".join(_attachment(*row, with_data=with_data) for row in found)
    return f"<SubjectConnector><SubjectId>{escape_text(subject)}</SubjectId>{attachments}</SubjectConnector>"


def _attachment(file: int, name: str, content: bytes, *, with_data: bool) -> str:
    data = f"<FileData>{base64.b64encode(content).decode()}</FileData>" if with_data else f"<FileSize>{len(content)}</FileSize>"
    return f"<Attachment><FileId>{file}</FileId><FileName>{escape_text(name)}</FileName>{data}</Attachment>"
