"""The lineage of the trials and artifacts in a directory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from aimd_core.errors import NoArtifactsError
from aimd_core.reading.artifacts import StoredArtifact, find_artifacts
from aimd_core.reading.documents import Trial, find_trials
from aimd_core.reading.lineage import ARTIFACT, DEPTH, TRIAL, Lineage, LineageNode, artifact_detail, artifacts_in, graph


class _Links(NamedTuple):
    """The trials of a directory by id, and which of them used and produced each artifact."""

    trials: dict[str, LineageNode]
    inputs: dict[str, list[str]]
    outputs: dict[str, list[str]]


def node_of_artifact(artifact: StoredArtifact) -> LineageNode:
    """Return the node of an artifact."""
    detail = artifact_detail(artifact.version, artifact.type, artifact.aliases)
    return LineageNode(ARTIFACT, artifact.id, artifact.name, detail)


def node_of_trial(trial: Trial) -> LineageNode:
    """Return the node of a trial."""
    return LineageNode(TRIAL, trial.id or trial.alternative_name, trial.alternative_name, trial.state.name)


def lineage_in(directory: Path, start: LineageNode, depth: int = DEPTH) -> Lineage:
    """Return the graph around a node, from the trials and artifacts of a directory.

    Args:
        directory: A directory that holds `.aimd`.
        start: The node.
        depth: How many steps to go, each way.
    """
    links = _links_in(directory)
    artifacts = _artifacts_in(directory)

    def node_of(kind: str, node_id: str) -> LineageNode:
        names = artifacts if kind == ARTIFACT else links.trials
        return names.get(node_id) or LineageNode(kind, node_id, "", "")

    def before(node: LineageNode) -> Iterable[LineageNode]:
        if node.kind == TRIAL:
            return [node_of(ARTIFACT, uid) for uid in links.inputs.get(node.id, ())]
        return [links.trials[uid] for uid, made in links.outputs.items() if node.id in made]

    def after(node: LineageNode) -> Iterable[LineageNode]:
        if node.kind == TRIAL:
            return [node_of(ARTIFACT, uid) for uid in links.outputs.get(node.id, ())]
        return [links.trials[uid] for uid, used in links.inputs.items() if node.id in used]

    return graph(start, before, after, depth)


def _links_in(directory: Path) -> _Links:
    links = _Links({}, {}, {})
    try:
        trials = find_trials(directory)
    except OSError:
        return links
    for trial in trials:
        inputs, outputs = artifacts_in(trial.metadata)
        if trial.id is not None and (inputs or outputs):
            links.trials[trial.id] = node_of_trial(trial)
            links.inputs[trial.id], links.outputs[trial.id] = inputs, outputs
    return links


def _artifacts_in(directory: Path) -> dict[str, LineageNode]:
    try:
        return {artifact.id: node_of_artifact(artifact) for artifact in find_artifacts(directory)}
    except NoArtifactsError:
        return {}
