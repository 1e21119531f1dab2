"""`aimd trial files`: the files kept with a trial."""

from __future__ import annotations

from aimd_cli import output
from aimd_cli.options import DirectoryOpt, JsonOpt, NamesOpt, PathsOpt, RemoteOpt, TrialsArg
from aimd_core.language import said


def files(
    trial: TrialsArg = None,
    path: PathsOpt = None,
    name: NamesOpt = None,
    directory: DirectoryOpt = None,
    remote: RemoteOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """List the files kept with a trial, with their sizes and SHA-256 digests.

    They are in `files/` of its directory, where trial.save and you put them.

    Examples:

        aimd trial files cnn_keras

        aimd trial files cnn_keras --remote
    """
    from aimd_cli.commands.trial.choice import Naming, one_trial
    from aimd_cli.views.kept_files import FilesReport, KeptFileRow
    from aimd_core.sources.kept import kept_files_of

    listed = kept_files_of(one_trial(Naming(trial, path, name, directory, remote)))
    output.show(FilesReport([KeptFileRow(*file) for file in listed.files], listed.left_out), as_json)
    for item in listed.left_out:
        output.say(said("WARNING: files/{path} cannot be uploaded: {reason}", path=item.path, reason=said(item.reason)))
    if listed.ignored:
        output.say(
            said("left out by .aimdignore: {count} file{s}", count=listed.ignored, s="s" * (listed.ignored != 1))
        )
