"""`aimd trial media`: pictures, tables, texts and the like of a trial, in the terminal, as files, or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimd_cli import output
from aimd_cli.options import JsonOpt, OneDirectoryOpt, RemoteOpt, TrialArg
from aimd_core.errors import AimdError, DamagedError, DiskError, NotFoundError, PartlyDoneError, UsageError
from aimd_core.language import joined, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimd_cli.pictures.reading import Raster
    from aimd_cli.views.media import KeyRow, ShownMedia
    from aimd_core.format import tables
    from aimd_core.reading.media import Media, MediaItem

_COUNTED, _SHOWN_AT_ONCE = 10_000, 100
_NEAR = 8  # steps that are offered in place of one at which nothing is
_ASKED = 20  # keys whose steps are looked at for that: a request each on a server
_PICTURE_BYTES = 64 << 20
_OPENING_S = 2.0  # within which an opener that finds no program has ended


def media(
    trial: TrialArg,
    key: Annotated[
        str | None, typer.Argument(metavar="[MEDIA]", help="What to show: a key such as val/samples, or its beginning.")
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(
            "--step",
            metavar="STEP",
            help="The step, with MEDIA the last one by default; without MEDIA, list what is there.",
        ),
    ] = None,
    index: Annotated[
        int | None, typer.Option("--index", min=0, metavar="NUMBER", help="Only this one of several at a step, from 0.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="COUNT", help="Show at most this many rows of a table (0: all).")
    ] = 50,
    sort: Annotated[
        str,
        typer.Option("--sort", metavar="COLUMN", help="Sort a table by this column; -COLUMN: the largest first."),
    ] = "",
    to: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Save them as files there; without MEDIA, all.")
    ] = None,
    opens: Annotated[
        bool, typer.Option("--open", help="Open them with the programs of this system. HTML may run scripts there.")
    ] = False,
    directory: OneDirectoryOpt = None,
    remote: RemoteOpt = False,
    as_json: JsonOpt = False,
) -> None:
    """List what a trial recorded besides numbers, and show it: pictures, tables, texts, histograms.

    Pictures appear in the terminal, as fine as it can show them. Sound, video and HTML are saved or opened.

    Examples:

        aimd trial media cnn_keras

        aimd trial media cnn_keras val/samples --step 400

        aimd trial media remote:/image_classification/cnn_keras confusion --sort=-wrong

        aimd trial media cnn_keras -o pictures
    """
    from aimd_cli.commands.trial.choice import Naming, one_trial
    from aimd_cli.views.media import MediaKeys, MediaRecords
    from aimd_core.sources.media import media_of

    handle = one_trial(Naming([trial], directory=directory, remote=remote))
    source = media_of(handle)
    if left_out := source.left_out():
        output.say(said("WARNING: {location}: {sentence}", location="media", sentence=left_out))
    if key is None and to is None:
        if opens or index is not None:
            raise UsageError(message="--open and --index need MEDIA", hint="See it: aimd trial media TRIAL")
        if step is not None:
            output.show(MediaRecords(list(_chosen(source, None, step, None))), as_json)
            return
        rows = _key_rows(source)
        if handle.is_remote:
            from aimd_cli.completion.cache import remember_media

            remember_media(
                [trial if ":" in trial else f"remote:{trial}", handle.address], (row.key.key for row in rows)
            )
        output.show(MediaKeys(rows), as_json)
        return
    items = _chosen(source, None if key is None else _meant(source, key), step, index)
    if to is not None:
        _save(source, items, to, as_json)
    elif opens:
        _open(source, list(items))
    else:
        _show(source, list(items), sort, limit, as_json)


def _key_rows(source: Media) -> list[KeyRow]:
    """Return the keys, with the sizes of what there is unless that would be long to count."""
    from aimd_cli.views.media import KeyRow
    from aimd_core.reading.media_contents import content_of

    keys = source.keys()
    if not keys:
        raise NotFoundError(message="nothing was recorded besides numbers", hint="Record some: trial.log_image(...)")
    sizes: dict[str, int] = {}
    if sum(key.records for key in keys) <= _COUNTED:
        for item in source.items():
            size_bytes = sum(stored.size_bytes for stored in item.record.bytes)
            if item.record.stored is None:  # its line has all of it
                size_bytes = len(content_of(source, item.record))
            sizes[item.record.key] = sizes.get(item.record.key, 0) + size_bytes
        return [KeyRow(key, sizes.get(key.key, 0)) for key in keys]
    return [KeyRow(key, None) for key in keys]


def _meant(source: Media, word: str) -> str:
    """Return the key that a word means: itself, or the only one that begins like it.

    Raises:
        NotFoundError: There is none.
        UsageError: There are several.
    """
    listed = source.keys()
    keys = [key.key for key in listed]
    fitting = [key for key in keys if key == word] or [key for key in keys if key.startswith(word)]
    if not fitting:
        raise NotFoundError(
            message=said("nothing was recorded at {key!r}", key=word),
            hint=said("There are: {names}", names=", ".join(keys[:8])) if keys else "Record some: trial.log_image(...)",
        )
    if len(fitting) > 1:
        raise UsageError(
            message=said("{key!r} means several: {names}", key=word, names=", ".join(fitting[:8])),
            hint="Type more of it",
        )
    return fitting[0]


def _chosen(source: Media, key: str | None, step: int | None, index: int | None) -> Iterator[MediaItem]:
    """Yield the records of a key at a step, by default its last; without a key, all or those of the step.

    Raises:
        MediaNotFoundError: There are none.
    """
    if key is not None and step is None:
        step = source.item(key).record.step
    is_empty = True
    for item in source.items(key, step, step):
        if index is None or item.number == index:
            is_empty = False
            yield item
    if is_empty:
        raise NotFoundError(message=_nothing_at(key, step, index), hint=_near(source, key, step, index))


def _nothing_at(key: str | None, step: int | None, index: int | None) -> str:
    """Say where nothing is, in the words of the call."""
    where = [] if key is None else [repr(key)]
    where += [] if step is None else [said("step {step}", step=step)]
    where += [] if index is None else [said("number {index}", index=index)]
    return said("nothing was recorded at {where}", where=joined(", ", where))


def _near(source: Media, key: str | None, step: int | None, index: int | None) -> str:
    """Say what there is instead: the numbers at that step, or the steps that are nearest to it."""
    several = sum(1 for _ in source.items(key, step, step)) if index is not None and key is not None else 0
    if several:
        return said("Numbers there: 0 to {last}", last=several - 1)
    listed = source.keys()
    names = [row.key for row in listed[:_ASKED]] if key is None else [key]
    steps = sorted({at for name in names for at in source.steps(name)}, key=lambda at: abs(at - (step or 0)))
    nearest = ", ".join(map(str, sorted(steps[:_NEAR])))
    return said("Nearest steps: {steps}", steps=nearest) if steps else "Record some: trial.log_image(...)"


def _show(source: Media, items: list[MediaItem], sort: str, limit: int, as_json: bool) -> None:
    from aimd_cli.pictures.ability import of_terminal
    from aimd_cli.pictures.drawing import Ability
    from aimd_cli.views.media import MediaShown

    is_drawn = output.is_terminal() and not as_json
    ability = of_terminal() if is_drawn else Ability()
    shown = [_read(source, item, sort, is_drawn) for item in (items[:_SHOWN_AT_ONCE] if is_drawn else items)]
    output.show(MediaShown(shown, _about(source, items), ability, limit), as_json)
    if more := len(items) - len(shown):
        output.say(said("{count:,} more at this step: show one with --index, or save all with -o DIR", count=more))


def _about(source: Media, items: Sequence[MediaItem]) -> str:
    """Say at which other steps there is something."""
    record = items[0].record
    steps = source.steps(record.key)
    if len(steps) == 1:
        return said("{key} has only step {step}", key=record.key, step=steps[0])
    return said(
        "{key} has {count} steps, from {first} to {last}",
        key=record.key,
        count=f"{len(steps):,}",
        first=steps[0],
        last=steps[-1],
    )


def _read(source: Media, item: MediaItem, sort: str, is_drawn: bool) -> ShownMedia:
    """Return a record with what can be shown of it; what is damaged is said in its place."""
    from aimd_cli.views.media import ShownMedia
    from aimd_core.format.media import PLOTLY_TYPE, TABLE, TEXT
    from aimd_core.reading.media_contents import figure_of, table_of, text_of

    record = item.record
    try:
        if record.kind == TABLE:
            table = table_of(source, record)
            return ShownMedia(item, table=table._replace(rows=_sorted(table, sort)) if sort else table)
        if record.kind == TEXT:
            return ShownMedia(item, words=text_of(source, record))
        if record.stored is not None and record.stored.type == PLOTLY_TYPE:
            picture = _picture(source, item) if is_drawn else None
            return ShownMedia(item, picture=picture, figure=figure_of(source, record))
        if is_drawn and (picture := _picture(source, item)) is not None:
            return ShownMedia(item, picture=picture)
    except DamagedError as error:
        return ShownMedia(item, fault=error.reason)
    return ShownMedia(item)


def _picture(source: Media, item: MediaItem) -> Raster | None:
    """Return the picture that a record is, or that shows what it is like; None if it has none that can be drawn."""
    from aimd_cli.pictures.reading import picture_of
    from aimd_core.errors import PictureError

    stored = item.record.preview or item.record.stored
    if stored is None or not stored.type.startswith("image/"):
        return None
    try:
        picture = picture_of(source.read(stored, _PICTURE_BYTES))
        assert picture.pixels
        return picture
    except PictureError as error:
        raise DamagedError(path=item.record.key, reason=error.sentence) from None


def _sorted(table: tables.Table, sort: str) -> list[list[object]]:
    """Return the rows of a table by a column: numbers by size, before texts; what is missing last.

    Raises:
        UsageError: It has no such column.
    """
    name, is_falling = (sort, False) if sort in table.columns else (sort.removeprefix("-"), sort.startswith("-"))
    if name not in table.columns:
        raise UsageError(
            message=said("the table has no column {name!r}", name=name),
            hint=said("There are: {names}", names=", ".join(table.columns[:20])),
        )
    number = table.columns.index(name)
    missing = [row for row in table.rows if row[number] is None]
    numbers = [row for row in table.rows if isinstance(row[number], (int, float))]
    texts = [row for row in table.rows if row[number] is not None and not isinstance(row[number], (int, float))]
    numbers.sort(key=lambda row: float(row[number]), reverse=is_falling)
    texts.sort(key=lambda row: str(row[number]), reverse=is_falling)
    return [*numbers, *texts, *missing]


def _save(source: Media, items: Iterator[MediaItem], to: Path, as_json: bool) -> None:
    """Write records as files and list them.

    Raises:
        DiskError: The disk refused.
        PartlyDoneError: Some are damaged, or missing.
    """
    from aimd_cli.views.media import SavedMedia

    rows = list(_written(source, items, to))
    output.show(SavedMedia(rows), as_json)
    failed = sum(bool(fault) for _, _, fault in rows)
    if failed:
        raise PartlyDoneError(failed=failed, total=len(rows), what="files")


def _written(source: Media, items: Iterator[MediaItem], to: Path) -> Iterator[tuple[str, int, str]]:
    from aimd_core.format.files import replace_file
    from aimd_core.format.layout import expanded
    from aimd_core.reading.media_contents import content_of, file_name_of

    directory, names = expanded(to), set[str]()
    for item in items:
        name = file_name_of(item)
        while name.casefold() in names:  # of keys that differ in signs which files cannot have
            name = f"_{name}"
        names.add(name.casefold())
        try:
            content = content_of(source, item.record)
            directory.mkdir(parents=True, exist_ok=True)
            replace_file(directory / name, content)
        except DamagedError as error:
            yield str(directory / name), 0, error.reason
        except OSError as error:
            raise DiskError(path=error.filename or directory, reason=error.strerror or str(error)) from error
        else:
            yield str(directory / name), len(content), ""


def _open(source: Media, items: Sequence[MediaItem]) -> None:
    """Write records as files for this session, and open each with the program that the system has for it.

    Raises:
        AimdError: There is none.
    """
    from tempfile import mkdtemp

    directory = Path(mkdtemp(prefix="aimd-media-"))
    for path, _, fault in _written(source, iter(items), directory):
        if fault:
            raise DamagedError(path=path, reason=fault)
        output.say(said("Opening {path}", path=path))
        if not _opens(path):
            raise AimdError(
                message=said("no program opens {path}", path=path),
                hint="To keep it as a file: -o DIR instead of --open",
            )


def _opens(path: str) -> bool:
    """Start the program that the system has for a file, and tell whether there is one."""
    import shutil
    import subprocess

    opener = shutil.which("xdg-open")
    if opener is None:
        return typer.launch(path) == 0
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([opener, path], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        return process.wait(_OPENING_S) == 0
    except subprocess.TimeoutExpired:  # it is the program itself
        return True
