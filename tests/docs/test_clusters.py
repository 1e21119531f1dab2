"""The units, scripts and manifests in docs/guides/clusters.md are what SLURM, systemd, Kubernetes and aimd take."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from aimd_core.format.layout import DIRECTORY_VARIABLE
from aimd_server.settings import PREFIX, SETTINGS
from tests.support.parts import require_part
from tests.support.scripts import ROOT, script_environment
from tests.support.server import RunningServer

PAGE = (ROOT / "docs" / "guides" / "clusters.md").read_text()
SERVER_PAGE = (ROOT / "docs" / "guides" / "server.md").read_text()


# The names of fields in the manifests, each of them one that Kubernetes has where it is used, as the classes of its
# Python client 37 say (`openapi_types`, `attribute_map`). Look a new one up before it is added.
NAMES = """
accessModes allowPrivilegeEscalation apiVersion args automountServiceAccountToken backoffLimit capabilities
claimName command containerPort containers drop emptyDir env failureThreshold fsGroup httpGet httpHeaders image key
kind limits livenessProbe matchLabels labels metadata mountPath name path periodSeconds persistentVolumeClaim port
ports readOnlyRootFilesystem readinessProbe replicas requests resources restartPolicy runAsNonRoot runAsUser
seccompProfile secretKeyRef securityContext selector spec startupProbe strategy targetPort template
terminationGracePeriodSeconds type value valueFrom volumeMounts volumes
"""
FIELDS = frozenset(NAMES.split())
FREE = ("labels", "matchLabels", "selector", "limits", "requests")  # hold names of one's own


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def manifests() -> dict[str, dict[str, Any]]:
    """Return what the page applies, by kind."""
    return {document["kind"]: document for text in blocks("yaml") for document in yaml.safe_load_all(text)}


def faults_of(value: object, where: str = "") -> list[str]:
    """Return the fields of a manifest that Kubernetes does not have."""
    if isinstance(value, list):
        return [fault for item in value for fault in faults_of(item, where)]
    if not isinstance(value, dict):
        return []
    own = [f"{where}.{name}" for name in value if name not in FIELDS]
    inside = [fault for name, item in value.items() if name not in FREE for fault in faults_of(item, f"{where}.{name}")]
    return own + inside


class StrictLoader(yaml.SafeLoader):
    """Takes no key twice, as Kubernetes does not."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping."""
        names = [self.construct_object(key) for key, _ in node.value]  # type: ignore[no-untyped-call]
        assert len(names) == len(set(names)), names
        return super().construct_mapping(node, deep)


def test_the_manifests_have_fields_of_kubernetes_alone_and_none_twice() -> None:
    documents = [document for text in blocks("yaml") for document in yaml.load_all(text, StrictLoader)]
    assert [document["kind"] for document in documents] == ["Job", "Deployment", "PersistentVolumeClaim", "Service"]
    assert [fault for document in documents for fault in faults_of(document)] == []
    assert faults_of({"spec": {"containers": [{"volumesMounts": []}]}}) == [".spec.containers.volumesMounts"]


def help_of(words: list[str]) -> str:
    done = subprocess.run([sys.executable, "-m", "aimd_cli", *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_container_runs_a_command_of_aimd_with_options_that_it_takes() -> None:
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    program, *words = container["command"]
    assert program == "aimd"
    assert f'CMD ["{program}", "{words[0]}", "{words[1]}"]' in SERVER_PAGE
    known = help_of(words)
    options = [word for word in container["args"] if word.startswith("--")]
    assert options
    assert all(option in known for option in options)


def test_what_the_manifest_sets_is_a_setting_of_the_server() -> None:
    (container,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    names = [entry["name"] for entry in container["env"]] + re.findall(r"`(AIMD_SERVER_[A-Z_]+)`", PAGE)
    assert {name.removeprefix(PREFIX).lower() for name in names} <= {*SETTINGS, "data_dir"}
    port = next(entry["value"] for entry in container["env"] if entry["name"] == "AIMD_SERVER_PORT")
    service = manifests()["Service"]["spec"]
    assert int(port) == container["ports"][0]["containerPort"] == service["ports"][0]["port"]
    assert service["selector"] == manifests()["Deployment"]["spec"]["selector"]["matchLabels"]


def test_the_probes_ask_pages_that_the_server_has() -> None:
    (container,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    pages = (ROOT / "aimd_server" / "routes" / "pages.py").read_text()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert f'"{container[probe]["httpGet"]["path"]}"' in pages
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_a_server_that_allows_these_hosts_answers_the_probes(tmp_path: Path) -> None:
    (container,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    words = container["args"]
    hosts = tuple(value for option, value in pairwise(words) if option == "--allowed-host")
    allowed = f"from aimd_server.settings import SETTINGS\nSETTINGS['allowed_hosts'].default = {hosts!r}\n"
    with RunningServer(tmp_path / "data", before=allowed) as server:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            get = container[probe]["httpGet"]
            named = {header["name"]: header["value"] for header in get["httpHeaders"]}
            for headers, status in ((named, 200), ({"Host": "10.1.2.3:2463"}, 421)):  # the pod's, as without the name
                address = f"http://127.0.0.1:{server.port}{get['path']}"
                assert httpx.get(address, headers=headers, trust_env=False).status_code == status


def test_one_replica_with_its_data_never_runs_twice_and_may_do_little() -> None:
    deployment = manifests()["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    assert manifests()["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert re.search(rf"^USER {pod['securityContext']['runAsUser']}$", SERVER_PAGE, re.MULTILINE)
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_job_sets_what_the_sdk_reads_and_takes_its_key_from_a_secret() -> None:
    (container,) = manifests()["Job"]["spec"]["template"]["spec"]["containers"]
    entries = {entry["name"]: entry for entry in container["env"]}
    assert entries.keys() == {DIRECTORY_VARIABLE, "AIMD_HOST", "AIMD_API_KEY"}
    assert "valueFrom" in entries["AIMD_API_KEY"]


def test_systemd_takes_the_relays_unit_and_aimd_its_options(tmp_path: Path) -> None:
    (text,) = blocks("ini")
    (words,) = re.findall(r"^ExecStart=/opt/aimd/bin/aimd (.*)$", text, re.MULTILINE)
    known = help_of([words.split()[0]])
    assert all(option in known for option in re.findall(r"--[a-z-]+", words))
    require_part("systemd-analyze", shutil.which("systemd-analyze") is not None)
    unit = tmp_path / "aimd-relay.service"
    for replaced, is_good in ((text, True), (text.replace("RestartSec=", "RestartSecs="), False)):
        unit.write_text(replaced.replace("/opt/aimd/bin/aimd", str(Path(sys.executable).with_name("aimd"))))
        command = ["systemd-analyze", "verify", "--man=no", str(unit)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert ("aimd-relay.service" not in done.stderr) is is_good, done.stderr


@pytest.mark.parametrize("task", ["0", "3"])
def test_the_batch_script_starts_each_task_of_the_array_with_its_setting(tmp_path: Path, task: str) -> None:
    (script,) = blocks("bash")
    (tmp_path / "srun").write_text('#!/bin/sh\necho "$AIMD_DIR" "$@"\n')
    (tmp_path / "srun").chmod(0o755)
    environment = script_environment(tmp_path, SLURM_ARRAY_TASK_ID=task, SCRATCH="/scratch/lin")
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    done = subprocess.run(["bash", "-euc", script], env=environment, capture_output=True, text=True)
    rate = ["0.1", "0.03", "0.01", "0.003"][int(task)]
    assert done.stdout == f"/scratch/lin/digits python train.py --rate {rate}\n", done.stderr
