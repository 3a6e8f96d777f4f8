"""What is passed on as it came can be read by nobody as a way out of the base path, nor as a call that is never passed."""

import posixpath
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.rest.passing import pass_on
from sidecar.errors import Reason, Refusal

BASES = (("profitrestservices",), ("api", "rest"))
BASE = "/ProfitRestServices"

PASSED = [
    (f"{BASE}/connectors/Profit_Hours", "/connectors/Profit_Hours"),
    (f"{BASE}/connectors/Profit_Hours/", "/connectors/Profit_Hours/"),
    (f"{BASE}/connectors//Profit_Hours", "/connectors//Profit_Hours"),
    (f"{BASE}/connectors/Profit_Hours/Afdeling;Afdeling/CONS;ICT", "/connectors/Profit_Hours/Afdeling;Afdeling/CONS;ICT"),
    (f"{BASE}/connectors/X?a=1&a=2&b=%E9&%zz", "/connectors/X?a=1&a=2&b=%E9&%zz"),
    (f"{BASE}/connectors/X?q=../../otprequest", "/connectors/X?q=../../otprequest"),
    (f"{BASE}/fileconnector/1/invoice%20%233%20(100%25).pdf", "/fileconnector/1/invoice%20%233%20(100%25).pdf"),
    (f"{BASE}/connectors/caf%c3%a9", "/connectors/caf%c3%a9"),
    ("/%50rofitRestServices/x", "/x"),
    ("/API/REST/bi/Hours?v=2", "/bi/Hours?v=2"),
    (f"{BASE}/a..b/.hidden/file.", "/a..b/.hidden/file."),
    (f"{BASE}/", "/"),
]


@pytest.mark.parametrize(("target", "below"), PASSED)
def test_what_has_one_reading_is_passed_byte_for_byte(target: str, below: str) -> None:
    assert pass_on(target, BASES) == below


@pytest.mark.parametrize(
    "end",
    [
        "/x/../y", "/..", "/.", "/%2e%2e/x", "/.%2E/x", "/%252e%252e/x", "/%25252e./x", "/..;/x", "/..;a=b/x",
        "/.%3b/x", "/..%20/x", "/..%09/x",
        "/%ef%bc%8e%ef%bc%8e/x", "/%e2%80%a5/x", "/%e2%80%a4%e2%80%a4/x", "/..%3f/x", "/..%23/x",
        "/x%2fy", "/x%2Fy", "/x%5cy", "/x%252fy", "/x%25255cy", "/x%ef%bc%8fy", "/x%e2%88%95y", "/x\\y",
        "/x%e2%88%96..", "/.%e2%80%8b./x", "/%c2%ad../x", "/x/.%ef%bb%bf/y",
        "/x%00", "/x%2500", "/x%0d%0aA:b", "/x%7f", "/x?a=%00", "/x?a=%0d%0a", "/x?a=%1F",
        "/x#y", "/x?a#b", "/x y", "/x%", "/x%4", "/x%zz", "/x%c0%af", "/x%ff", "/xé", "/x\udcff",
        "/" + "%25" * 9 + "41",
    ],
)  # fmt: skip
def test_what_has_more_than_one_reading_is_not(end: str) -> None:
    with pytest.raises(Refusal) as refused:
        pass_on(BASE + end, BASES)
    assert refused.value.reason is Reason.TARGET_MALFORMED


@pytest.mark.parametrize(
    "target",
    [
        "/", BASE, "/api", "/api/rest", "/elsewhere/x", "/ProfitServices/AppConnectorGet.asmx", f"/x{BASE}/connectors/X",
        *(f"{BASE}{way}{word}{end}"
          for word in ("otprequest", "OtpValidation", "oauth", "TokenConnector", "CmdConnector", "otp%72equest", "otp%2572equest", "ｏauth")
          for way, end in (("/", ""), ("//", ""), ("/", "/token"), ("/", ".asmx"), ("/x/", ""), ("/", ";a"), ("/", "%20"), ("/", "%3fx"))
          if word.isascii()),
        f"{BASE}/%ef%bd%8fauth", f"{BASE}/%c5%8dauth", f"{BASE}//%c3%b6auth/token", f"{BASE}/oauth%e2%80%8b", f"{BASE}/otpval%c4%b1dation",
        f"{BASE}/oauth::$DATA", f"{BASE}/x/oauth%3a443",
        f"{BASE}/;x/o%cc%82auth", f"{BASE}/%20//o%cc%82auth", f"{BASE}/%3b/%c3%b4auth", f"{BASE}/%253b/%c3%b4auth", f"{BASE}/.oauth",
        f"{BASE}//AppConnectorGet.asmx", f"{BASE}/GetConnector%2eASMX/Execute", f"{BASE}/x/UpdateConnector.asmx;a", f"{BASE}/A.%61smx%20",
    ],
)  # fmt: skip
def test_what_is_elsewhere_or_never_passed_is_not_there(target: str) -> None:
    with pytest.raises(Refusal) as refused:
        pass_on(target, BASES)
    assert refused.value.reason is Reason.UNKNOWN_PATH


@pytest.mark.parametrize("target", ["*", "http://backend/ProfitRestServices/x", "ProfitRestServices/x", ""])
def test_other_forms_of_a_target_are_not_passed(target: str) -> None:
    with pytest.raises(Refusal):
        pass_on(target, BASES)


pieces = st.sampled_from(
    [*"./;\\%25af?#", "..", "%2e", "%2E", "%2f", "%5c", "%25", "%00", "%3b", "%20", "x", "otp", "otprequest", "oauth", "%6f",
     "//", "；", "%ef%bc%8e", "%ef%bc%8f"]
)  # fmt: skip


@given(st.lists(pieces, max_size=14).map("".join))
def test_the_laxest_reader_stays_within_the_base(end: str) -> None:
    try:
        below = pass_on(f"{BASE}/{end}", BASES)
    except Refusal:
        return
    assert f"{BASE}/{end}".endswith(below)
    path = below.partition("?")[0]
    for _ in range(6):
        for folded in (path, unicodedata.normalize("NFKC", path)):
            plain = "/".join(word.partition(";")[0].strip() for word in folded.replace("\\", "/").split("/"))
            for reading in (plain, folded):
                walked = posixpath.normpath("/base/" + reading.lstrip("/"))
                assert walked == "/base" or walked.startswith("/base/")
                first = walked.removeprefix("/base").lstrip("/").partition("/")[0].lower()
                assert first.partition("?")[0].partition("#")[0] not in ("otprequest", "oauth")
        path = unquote(path)
