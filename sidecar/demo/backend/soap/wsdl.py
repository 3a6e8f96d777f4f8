"""The WSDL of a service, as ASP.NET writes the one of an .asmx file: document/literal, a port for each version of SOAP."""

from xml.sax.saxutils import quoteattr

from sidecar.demo.backend.soap.services import NAMESPACE, Operation, Service

_PREFIXES = {
    "tm": "http://microsoft.com/wsdl/mime/textMatching/",
    "soapenc": "http://schemas.xmlsoap.org/soap/encoding/",
    "mime": "http://schemas.xmlsoap.org/wsdl/mime/",
    "tns": NAMESPACE,
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "s": "http://www.w3.org/2001/XMLSchema",
    "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
    "http": "http://schemas.xmlsoap.org/wsdl/http/",
}
_BINDINGS = {"soap": "Soap", "soap12": "Soap12"}
"""The prefix of a version, and how the names of its binding and port end."""


def wsdl(service: Service, address: str) -> str:
    """The whole document.

    :param address: where the service is called.
    """
    prefixes = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _PREFIXES.items())
    parts = (
        f'<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="{NAMESPACE}">',
        *map(_elements, service.operations),
        "</s:schema></wsdl:types>",
        *map(_messages, service.operations),
        f'<wsdl:portType name="{service.name}Soap">',
        *map(_port_operation, service.operations),
        "</wsdl:portType>",
        *(_binding(service, prefix) for prefix in _BINDINGS),
        f'<wsdl:service name="{service.name}">',
        *(_port(service, prefix, address) for prefix in _BINDINGS),
        "</wsdl:service>",
    )
    content = "\n".join(parts)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<wsdl:definitions {prefixes} targetNamespace="{NAMESPACE}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">\n'
        f"{content}\n</wsdl:definitions>"
    )


def _elements(operation: Operation) -> str:
    asked = "".join(_element(argument.name, argument.type, int(not argument.is_optional)) for argument in operation.arguments)
    given = _element(f"{operation.name}Result", operation.result, 0) if operation.result else ""
    return _group(operation.name, asked) + "\n" + _group(f"{operation.name}Response", given)


def _element(name: str, kind: str, least: int) -> str:
    return f'<s:element minOccurs="{least}" maxOccurs="1" name="{name}" type="s:{kind}" />'


def _group(name: str, elements: str) -> str:
    content = f"<s:sequence>{elements}</s:sequence>" if elements else ""
    return f'<s:element name="{name}"><s:complexType>{content}</s:complexType></s:element>'


def _messages(operation: Operation) -> str:
    return "\n".join(
        f'<wsdl:message name="{operation.name}{suffix}"><wsdl:part name="parameters" element="tns:{operation.name}{of}" /></wsdl:message>'
        for suffix, of in (("SoapIn", ""), ("SoapOut", "Response"))
    )


def _port_operation(operation: Operation) -> str:
    return (
        f'<wsdl:operation name="{operation.name}"><wsdl:input message="tns:{operation.name}SoapIn" />'
        f'<wsdl:output message="tns:{operation.name}SoapOut" /></wsdl:operation>'
    )


def _binding(service: Service, prefix: str) -> str:
    body = f'<{prefix}:body use="literal" />'
    operations = "".join(
        f'<wsdl:operation name="{operation.name}"><{prefix}:operation soapAction="{NAMESPACE}/{operation.name}" style="document" />'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>"
        for operation in service.operations
    )
    return (
        f'<wsdl:binding name="{service.name}{_BINDINGS[prefix]}" type="tns:{service.name}Soap">'
        f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" />{operations}</wsdl:binding>'
    )


def _port(service: Service, prefix: str, address: str) -> str:
    name = f"{service.name}{_BINDINGS[prefix]}"
    return f'<wsdl:port name="{name}" binding="tns:{name}"><{prefix}:address location={quoteattr(address)} /></wsdl:port>'
