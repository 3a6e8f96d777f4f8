"""The Python client: zeep."""

from typing import Any
from xml.etree import ElementTree

import zeep
from lxml import etree
from requests import Session
from zeep.plugins import Plugin
from zeep.transports import Transport

from tests.dialects.soap.messages import ENVELOPES
from tests.soap_clients.question import Fault, Question, Reply

_PATIENCE = 20


class _OwnBody(Plugin):
    """Puts the question's own body in the place of zeep's, and remembers where it goes."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.address = ""

    def egress(self, envelope: Any, http_headers: Any, _operation: Any, binding_options: dict[str, Any]) -> tuple[Any, Any]:
        self.address = binding_options["address"]
        if self.question.body is not None:
            namespace = ENVELOPES[self.question.version]
            text = f'<e:Envelope xmlns:e="{namespace}"><e:Body>{self.question.body}</e:Body></e:Envelope>'
            # CDATA stays CDATA.
            envelope = etree.fromstring(text, etree.XMLParser(strip_cdata=False))
        return envelope, http_headers


def ask_with_zeep(base: str, question: Question) -> Reply:
    """A `SoapClient`."""
    own_body = _OwnBody(question)
    with Session() as session:
        client = zeep.Client(
            f"{base}/{question.service}.asmx?WSDL",
            transport=Transport(session=session, timeout=_PATIENCE, operation_timeout=_PATIENCE),
            plugins=[own_body],
        )
        if question.authorization is not None:
            session.headers["Authorization"] = question.authorization
        [name] = client.wsdl.services
        suffix = "Soap12" if question.version == "1.2" else "Soap"
        service = client.bind(name, f"{name}{suffix}")
        try:
            answer = service[question.operation](**question.arguments)
        except zeep.exceptions.Fault as fault:
            return Reply(own_body.address, fault=Fault(str(fault.code), str(fault.message), _detail(fault.detail)))
    return Reply(own_body.address, result=answer.decode("utf-8") if isinstance(answer, bytes) else answer)


def _detail(detail: Any) -> dict[str, str]:
    elements: list[ElementTree.Element] = [] if detail is None else list(detail.iter())
    return {str(each.tag).rpartition("}")[2]: (each.text or "") for each in elements}
