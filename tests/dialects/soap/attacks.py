"""The known attacks on XML parsers, and on those who come after another parser: plain data."""

from tests.dialects.soap.messages import ENVELOPES, ROWS, envelope

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
WHOLE = envelope("GetData", ROWS.arguments)


def with_value(value: str) -> str:
    """An envelope with this, as it stands, for the value of an argument."""
    return WHOLE.replace("Profit_Hours", value)


def document(subset: str, value: str) -> str:
    return f"<!DOCTYPE a [{subset}]>{with_value(value)}"


ATTACKS = {
    "billion laughs": document(f'<!ENTITY l0 "ha">{LAUGHS}', "&l9;"),
    "quadratic blow-up": document(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 1_000),
    "external entity, file": document('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
    "external entity, http": document('<!ENTITY x SYSTEM "http://127.0.0.1:9/x">', "&x;"),
    "external parameter entity": document('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;', "x"),
    "external subset": f'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x">{WHOLE}',
    "public identifier": f'<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1:9/x">{WHOLE}',
    "document type alone": f"<!DOCTYPE Envelope>{WHOLE}",
    "default attributes": document('<!ATTLIST GetData logonAs CDATA "x">', "x"),
    "undeclared entity": with_value("&nbsp;"),
    "deep nesting": "<a>" * 200_000,
    "deep nesting, closed": "<a>" * 5_000 + "</a>" * 5_000,
    "many elements": f"<a>{'<b/>' * 100_001}</a>",
    "many attributes in all": "<a>" + '<b c="1" d="2" e="3"/>' * 30_000 + "</a>",
    "many comments": f"<a>{'<!---->' * 100_001}<b/></a>",
    "many CDATA sections": f"<a>{'<![CDATA[]]>' * 100_001}</a>",
    "many attributes": "<a " + " ".join(f"b{n}='1'" for n in range(50_000)) + "/>",
    "huge attribute": f'<a b="{"x" * 5_000_000}"/>',
    "huge name": f"<{'a' * 5_000_000}/>",
    "huge namespace": f'<a xmlns="{"u" * 5_000_000}"/>',
    "many namespaces": "<a " + " ".join(f"xmlns:n{n}='u{n}'" for n in range(50_000)) + "/>",
    "the same attribute twice": '<a b="1" b="2"/>',
    "the same attribute twice, by namespace": '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>',
    "processing instruction": f"<?php system('x') ?>{WHOLE}",
    "style sheet": f'<?xml-stylesheet href="http://127.0.0.1:9/x"?>{WHOLE}',
    "processing instruction in a value": with_value("ad<?x?>min"),
    "comment in a value": with_value("ad<!-- -->min"),
    "comment before a value": with_value("<!-- -->admin"),
    "comment for a value": with_value("<!-- -->"),
    "part in CDATA": with_value("ad<![CDATA[min]]>"),
    "CDATA and then text": with_value("<![CDATA[ad]]>min"),
    "CDATA beside elements": WHOLE.replace("<skip>", "<![CDATA[ ]]><skip>"),
    "text beside elements": WHOLE.replace("<skip>", "x<skip>"),
    "no-break space beside elements": WHOLE.replace("<skip>", "\u00a0<skip>"),
    "CDATA that does not end": with_value("<![CDATA[x"),
    "end of CDATA in a text": with_value("x]]>y"),
    "encoded NUL": with_value("a&#0;b"),
    "encoded control character": with_value("a&#x1B;b"),
    "encoded surrogate": with_value("a&#xD800;b"),
    "encoded noncharacter": with_value("a&#xFFFE;b"),
    "out of range": with_value("a&#x110000;b"),
    "NUL": with_value("a\0b"),
    "control character": with_value("a\x01b"),
    "version 1.1": f'<?xml version="1.1"?>{WHOLE}',
    "another encoding named": f'<?xml version="1.0" encoding="iso-8859-1"?>{WHOLE}',
    "UTF-7 named": f'<?xml version="1.0" encoding="utf-7"?>{WHOLE}',
    "UTF-16 named": f'<?xml version="1.0" encoding="utf-16"?>{WHOLE}',
    "EBCDIC named": f'<?xml version="1.0" encoding="cp037"?>{WHOLE}',
    "declaration late": f' <?xml version="1.0"?>{WHOLE}',
    "two declarations": f'<?xml version="1.0"?><?xml version="1.0"?>{WHOLE}',
    "two byte order marks": f"\ufeff\ufeff{WHOLE}",
    "two roots": f"<a/>{WHOLE}",
    "text after the root": f"{WHOLE}x",
    "nothing": "",
    "white space": " \n",
    "not XML": "{}",
    "xml prefix bound anew": '<a xmlns:xml="urn:x"/>',
    "another prefix for xml": '<a xmlns:x="http://www.w3.org/XML/1998/namespace"/>',
    "xmlns prefix bound": '<a xmlns:xmlns="urn:x"/>',
    "unbound prefix": "<x:a/>",
    "prefix unbound again": '<a xmlns:x="u"><b xmlns:x=""/></a>',
    "two colons": '<a:b:c xmlns:a="u"/>',
    "separator in a namespace": f'<a xmlns="{ENVELOPES["1.1"]} Envelope"/>',
    "mismatched tags": "<a></b>",
    "case of tags": "<a></A>",
    "cut short": WHOLE[:-1],
    "unquoted attribute": "<a b=1/>",
    "markup in an attribute": '<a b="<"/>',
}
"""Documents by what is wrong with them. Most are an ordinary envelope, but for that."""
