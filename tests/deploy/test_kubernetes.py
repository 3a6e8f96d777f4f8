"""The Kubernetes manifests, put together as kustomize does and checked: against the API's schemas, and for what they promise.

Only the few features of kustomize that are used are understood here; a kustomization with any other key fails.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from kubernetes_validate.utils import latest_version  # type: ignore[import-untyped]

from sidecar import __version__

KUBERNETES = Path(__file__).parents[2] / "deploy/kubernetes"
FOLDERS = ["base", "sidecar-example"]
OLDEST = "1.29"
"""The first version that starts containers with restartPolicy Always among the initContainers without being asked to."""

Manifest = dict[str, Any]


def documents(file: Path) -> list[Manifest]:
    return list(yaml.safe_load_all(file.read_text("utf-8")))


def build(folder: Path) -> dict[str, Manifest]:
    """What `kubectl kustomize FOLDER` prints, by kind (each occurs once)."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    assert kustomization.keys() <= {"apiVersion", "kind", "resources", "patches", "configMapGenerator"}
    built: dict[str, Manifest] = {}
    for name in kustomization["resources"]:
        below = build(folder / name) if (folder / name).is_dir() else {each["kind"]: each for each in documents(folder / name)}
        assert not built.keys() & below.keys()
        built |= below
    for generator in kustomization["configMapGenerator"]:
        generate(built, folder, generator)
    for patch in kustomization.get("patches", []):
        assert patch.keys() == {"path"}
        for document in documents(folder / patch["path"]):
            assert document["metadata"]["name"] == built[document["kind"]]["metadata"]["name"]
            built[document["kind"]] = merge(built[document["kind"]], document)
    return built


def generate(built: dict[str, Manifest], folder: Path, generator: Manifest) -> None:
    assert generator["options"]["disableNameSuffixHash"] is True
    metadata = {"name": generator["name"], "labels": generator["options"].get("labels", {})}
    assert (generator.get("behavior") == "replace") == ("ConfigMap" in built)
    if "ConfigMap" in built:
        assert built["ConfigMap"]["metadata"]["name"] == generator["name"]
        metadata = merge(built["ConfigMap"]["metadata"], metadata)
    data = {name: (folder / name).read_text("utf-8") for name in generator["files"]}
    built["ConfigMap"] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def merge(old: Any, patch: Any) -> Any:
    """A strategic merge patch: mappings merge, lists of containers merge by name, everything else is replaced."""
    if isinstance(old, dict) and isinstance(patch, dict):
        if patch.get("$patch") == "replace":
            return {key: value for key, value in patch.items() if key != "$patch"}
        return old | {key: merge(old[key], value) if key in old else value for key, value in patch.items()}
    if isinstance(old, list) and isinstance(patch, list) and all("name" in item for item in patch) and patch:
        named = {item["name"]: item for item in old}
        return list((named | {item["name"]: merge(named.get(item["name"], {}), item) for item in patch}).values())
    return patch


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> Path:
    return KUBERNETES / str(request.param)


@pytest.fixture
def built(folder: Path) -> dict[str, Manifest]:
    return build(folder)


def pod(built: dict[str, Manifest]) -> Manifest:
    return built["Deployment"]["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def containers(built: dict[str, Manifest]) -> Iterator[Manifest]:
    yield from pod(built)["containers"]
    yield from pod(built).get("initContainers", [])


def sidecar(built: dict[str, Manifest]) -> Manifest:
    (container,) = pod(built)["containers"]
    assert container["name"] == "sidecar"
    return container  # type: ignore[no-any-return]


def config(built: dict[str, Manifest]) -> Manifest:
    return yaml.safe_load(built["ConfigMap"]["data"]["config.yaml"])  # type: ignore[no-any-return]


def secrets() -> list[Manifest]:
    return documents(KUBERNETES / "base/secrets.example.yaml")


@pytest.mark.parametrize("version", [OLDEST, latest_version()])
def test_every_object_is_valid_for_the_kubernetes_api(built: dict[str, Manifest], version: str) -> None:
    for each in [*built.values(), *secrets()]:
        kubernetes_validate.validate(each, version, strict=True)


def test_a_misspelt_field_would_not_pass_as_valid(built: dict[str, Manifest]) -> None:
    pod(built)["securityContext"]["runAsNonroot"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(built["Deployment"], OLDEST, strict=True)


def test_the_folder_holds_nothing_that_its_kustomization_leaves_out_but_the_placeholders(folder: Path) -> None:
    (kustomization,) = documents(folder / "kustomization.yaml")
    used = {*kustomization["resources"], *(patch["path"] for patch in kustomization.get("patches", []))}
    used |= {name for generator in kustomization["configMapGenerator"] for name in generator["files"]}
    present = {file.name for file in folder.iterdir()}
    assert present - used <= {"kustomization.yaml", "secrets.example.yaml"}


def test_applying_again_never_overwrites_a_secret(built: dict[str, Manifest]) -> None:
    assert built.keys() == {"ServiceAccount", "Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget", "ConfigMap"}


def test_everything_lands_in_the_namespace_of_the_command_and_bears_the_usual_labels(built: dict[str, Manifest]) -> None:
    for each in [*built.values(), *secrets()]:
        assert "namespace" not in each["metadata"]
        assert each["metadata"]["labels"]["app.kubernetes.io/name"] == "connector-sidecar"
        assert each["metadata"]["labels"]["app.kubernetes.io/component"] == "gateway"


def test_every_selector_finds_the_pods(built: dict[str, Manifest]) -> None:
    labels = built["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        built["Deployment"]["spec"]["selector"]["matchLabels"],
        built["Service"]["spec"]["selector"],
        built["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        built["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)


def test_the_pod_is_not_root_and_has_no_way_to_more_rights(built: dict[str, Manifest]) -> None:
    context = pod(built)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    (user,) = re.findall(r"^USER (\d+):(\d+)$", (KUBERNETES.parent / "container/Containerfile").read_text("utf-8"), re.MULTILINE)
    assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user
    assert not pod(built).keys() & {"hostNetwork", "hostPID", "hostIPC"}
    for container in containers(built):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}


def test_the_pod_has_no_credential_of_the_cluster(built: dict[str, Manifest]) -> None:
    assert built["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod(built)["automountServiceAccountToken"] is False
    assert pod(built)["serviceAccountName"] == built["ServiceAccount"]["metadata"]["name"]


def test_policy_is_mounted_as_a_folder_so_that_a_change_reaches_the_reload(built: dict[str, Manifest]) -> None:
    (mount,) = sidecar(built)["volumeMounts"]
    assert mount == {"name": "policy", "mountPath": "/etc/sidecar", "readOnly": True}
    (volume,) = pod(built)["volumes"]
    assert volume["name"] == "policy"
    assert volume["projected"]["defaultMode"] == 0o440
    assert "fsGroup" in pod(built)["securityContext"]


def test_every_file_that_the_configuration_names_is_mounted(built: dict[str, Manifest]) -> None:
    keys = {("configMap", built["ConfigMap"]["metadata"]["name"]): set(built["ConfigMap"]["data"])}
    keys |= {("secret", secret["metadata"]["name"]): set(secret["stringData"]) for secret in secrets()}
    sources = pod(built)["volumes"][0]["projected"]["sources"]
    mounted = set().union(*(keys[kind, source["name"]] for each in sources for kind, source in each.items()))
    named = {*config(built)["include"], *(each["credential"]["afas_token"]["file"] for each in config(built)["environments"].values())}
    assert named == {"tokens.yaml", "profit-token"}
    assert named | {"config.yaml"} == mounted
    assert sidecar(built)["args"][:3] == ["run", "-c", "/etc/sidecar/config.yaml"]


def test_the_secrets_are_placeholders_and_the_policy_holds_no_token(built: dict[str, Manifest]) -> None:
    digits = re.compile(r"\b[0-9A-Fa-f]{32,}\b")
    assert set(digits.findall("".join(text for secret in secrets() for text in secret["stringData"].values()))) == {"0" * 64}
    assert not digits.search(built["ConfigMap"]["data"]["config.yaml"])


def test_the_kubelet_reaches_the_probes_on_the_admin_port(built: dict[str, Manifest]) -> None:
    ports = {port["name"]: port["containerPort"] for port in sidecar(built)["ports"]}
    assert config(built)["listen"] == f"0.0.0.0:{ports['http']}"
    assert config(built)["admin"]["listen"] == f"0.0.0.0:{ports['admin']}"
    probes = {name: sidecar(built)[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    assert {probe["port"] for probe in probes.values()} == {"admin"}


def test_calls_in_flight_have_time_to_end_before_the_pod_is_killed(built: dict[str, Manifest]) -> None:
    _, pause = sidecar(built)["lifecycle"]["preStop"]["exec"]["command"]
    drain = config(built)["timeouts"]["drain"]
    assert pod(built)["terminationGracePeriodSeconds"] >= int(pause) + int(drain) + 10


def test_only_the_port_for_calls_is_a_service(built: dict[str, Manifest]) -> None:
    service = built["Service"]["spec"]
    assert service["type"] == "ClusterIP"
    assert [port["targetPort"] for port in service["ports"]] == ["http"]


def test_the_network_policy_lets_in_calls_and_scrapes_from_named_namespaces_only(built: dict[str, Manifest]) -> None:
    policy = built["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    let_in = {
        port["port"]: [origin["namespaceSelector"]["matchLabels"] for origin in rule["from"]]
        for rule in policy["ingress"]
        for port in rule["ports"]
    }
    assert let_in == {8080: [{"connector-sidecar/may-call": "true"}], 8081: [{"connector-sidecar/may-scrape": "true"}]}


def test_the_network_policy_lets_out_to_named_places_only(built: dict[str, Manifest]) -> None:
    for rule in built["NetworkPolicy"]["spec"]["egress"]:
        assert rule["ports"]
        assert rule["to"]
        for place in rule["to"]:
            assert place.get("namespaceSelector") or not place["ipBlock"]["cidr"].endswith("/0")


def test_the_image_is_that_of_this_version(built: dict[str, Manifest]) -> None:
    assert sidecar(built)["image"] == f"connector-sidecar:{__version__}"


def test_the_backend_next_to_the_sidecar_is_reached_over_loopback_and_in_no_other_way() -> None:
    built = build(KUBERNETES / "sidecar-example")
    (backend,) = pod(built)["initContainers"]
    (listen,) = [variable["value"] for variable in backend["env"] if variable["name"] == "LISTEN"]
    assert listen.startswith("127.0.0.1:")
    assert config(built)["environments"]["O12345AA"]["rest"] == f"http://{listen}/ProfitRestServices"
    assert "ports" not in backend
    assert backend["startupProbe"].keys() & {"exec", "httpGet", "tcpSocket", "grpc"} == {"exec"}
    assert built["NetworkPolicy"]["spec"]["egress"] == []
    assert "volumeMounts" not in backend, "the backend has no business with policy and tokens"


def test_the_backend_next_to_the_sidecar_starts_before_it_and_stops_after_it() -> None:
    built = build(KUBERNETES / "sidecar-example")
    (backend,) = pod(built)["initContainers"]
    assert backend["restartPolicy"] == "Always"
    assert built["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
