"""From outside, what does not exist looks like what is not yours: no answer tells which connectors, users or rows there are."""

import pytest

from tests.end_to_end.harness.configuration import BASE, OUTSIDERS, Configuration, authorization
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.wire import Answer, request

MINE = authorization("j.devries")


def face(answer: Answer) -> tuple[object, ...]:
    """All of an answer that may not differ: everything but the reference and the time of day."""
    headers = [(name, value) for name, value in answer.headers if name not in ("Date", "X-Sidecar-Reference")]
    return answer.status, headers, answer.body.replace(answer.reference.encode(), b"")


UNREACHABLE = ("Profit_Nope", "Profit_Secret", "Profit_Unguarded", "PROFIT_SECRET", "PtRealization", "x", "Profit_Hours2", "%E2%98%83")


@pytest.mark.parametrize(
    "target",
    [
        "{base}/connectors/{name}",
        "{base}/connectors/{name}?skip=0&take=1&orderbyfieldids=Id",
        "{base}/connectors/{name}?filterfieldids=A&filtervalues=1&operatortypes=1",
        "{base}/metainfo/get/{name}",
    ],
)
def test_get_connectors_that_are_unknown_unlisted_or_unguarded_look_the_same(stage: Stage, target: str) -> None:
    faces = {str(face(stage.get(target.format(base=BASE, name=name)))) for name in UNREACHABLE}
    assert len(faces) == 1
    assert faces.pop().startswith("(403,")
    assert stage.backend.take() == []


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
def test_update_connectors_that_are_unknown_unlisted_or_listed_for_less_look_the_same(stage: Stage, verb: str) -> None:
    bodies = (None,) if verb == "DELETE" else (b"{}", b"not JSON", b'{"a":{"@Action":"delete"}}')
    below = "/E/@K/1" if verb == "DELETE" else ""
    names = ["KnPerson", "Nope", "Profit_Hours", *(["FbSales"] if verb != "POST" else []), *(["PtRealization"] if verb == "DELETE" else [])]
    faces = {str(face(stage.call(verb, f"{BASE}/connectors/{name}{below}", body))) for name in names for body in bodies}
    assert len(faces) == 1
    assert stage.backend.take() == []


def test_schemas_of_update_connectors_that_are_unknown_or_unlisted_look_the_same(stage: Stage) -> None:
    faces = {str(face(stage.get(f"{BASE}/metainfo/update/{name}"))) for name in ("KnPerson", "Nope", "Profit_Hours")}
    assert len(faces) == 1


def test_special_connectors_that_are_not_listed_look_like_connectors_that_are_not(own_stage: OwnStage) -> None:
    def without(content: Configuration) -> None:
        content["app_connectors"]["hours"]["special_connectors"] = []

    stage = own_stage(without)
    guid = "0" * 32
    targets = (f"{BASE}/profitversion", f"{BASE}/imageconnector/1", f"{BASE}/fileconnector/{guid}/a", f"{BASE}/reportconnector/{guid}")
    faces = {str(face(stage.get(target))) for target in (*targets, f"{BASE}/subjectconnector/1/2", rows_target("Profit_Nope"))}
    assert len(faces) == 1


def test_all_reasons_for_not_being_entitled_look_the_same(stage: Stage) -> None:
    proofs = [authorization(user) for user in OUTSIDERS]
    proofs += [authorization("m.jansen", app) for app in ("locked", "early", "late", "elsewhere", "denied")]
    for target in (rows_target(), rows_target("Profit_Nope"), f"{BASE}/metainfo", f"{BASE}/profitversion"):
        faces = {str(face(stage.send(request("GET", target, proof)))) for proof in proofs}
        assert len(faces) == 1
        assert faces == {str(face(stage.get(rows_target("Profit_Nope"))))}
    assert stage.backend.take() == []


def test_all_tokens_that_prove_nothing_look_the_same(stage: Stage) -> None:
    proofs = (None, "", "Basic eDp5", "Bearer x", "AfasToken x", authorization("nobody"), MINE[:-8], MINE + "AAAA")
    for target in (rows_target(), rows_target("Profit_Nope"), "/", f"{BASE}/x", "/%00"):
        assert len({str(face(stage.send(request("GET", target, proof)))) for proof in proofs}) == 1
    assert stage.backend.take() == []


def test_nobody_learns_from_an_unserved_path_whether_a_token_would_do(stage: Stage) -> None:
    assert stage.send(request("GET", f"{BASE}/nothing/here", None)).status == 401
    assert stage.send(request("PATCH", rows_target(), None)).status == 401
    assert stage.send(request("GET", rows_target() + "?x=1", None)).status == 401


def test_a_preflight_tells_nothing_of_connectors(stage: Stage) -> None:
    faces = {str(face(stage.send(request("OPTIONS", rows_target(name), proof)))) for name in UNREACHABLE for proof in (None, MINE)}
    assert len(faces | {str(face(stage.send(request("OPTIONS", rows_target(), MINE))))}) == 1
    assert stage.send(request("OPTIONS", "*", None)).status == 204
    assert stage.backend.take() == []


def test_rows_that_may_not_be_seen_and_rows_that_are_not_there_look_the_same(stage: Stage) -> None:
    query = "?filterfieldids=Afdeling&operatortypes=1&filtervalues="
    hidden, absent = (stage.get(rows_target() + query + value) for value in ("SALES", "NOWHERE"))
    assert face(hidden)[2] == face(absent)[2] == b'{"skip":0,"take":100,"rows":[]}'
    for name in ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin"):
        assert hidden.header(name) == absent.header(name), name


def test_the_refusal_of_another_verb_comes_before_any_word_about_the_connector(stage: Stage) -> None:
    faces = {str(face(stage.call("PATCH", rows_target(name)))) for name in (*UNREACHABLE, "Profit_Hours")}
    assert len(faces) == 1
