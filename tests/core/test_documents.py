from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_core.errors import DamagedError
from aimd_core.format.documents import parse_mapping, read_mapping, render_mapping, write_mapping
from aimd_core.format.files import replace_file

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=8)


@given(document=st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_what_is_read(document: dict[str, object]) -> None:
    read = parse_mapping(render_mapping(document), "here")
    assert read == document
    assert repr(read) == repr(document)  # also 1, 1.0 and True, and the order


@pytest.mark.parametrize("text", ["NO", "yes", "null", "~", "2024-01-01", "1:30", "1e3", "0x1F", "=", "<<", "- a", ""])
def test_a_string_that_yaml_takes_for_something_else_comes_back_as_the_string(text: str) -> None:
    assert parse_mapping(render_mapping({"name": text}), "here") == {"name": text}


def test_a_date_stays_the_text_that_it_is() -> None:
    assert parse_mapping(b"on: 2024-01-01\nat: 2022-01-31T09:59:59+00:00\n", "here") == {
        "true": "2024-01-01",  # YAML 1.1 takes `on` for true, and JSON names it so
        "at": "2022-01-31T09:59:59+00:00",
    }


def test_a_name_of_no_is_read_as_yaml_reads_it_and_does_not_raise() -> None:
    assert parse_mapping(b"name: NO\n", "here") == {"name": False}


@pytest.mark.parametrize("text", [b"", b"\n", b"# nothing\n", b"null\n", b"~", b"''\n"])
def test_an_empty_document_is_an_empty_mapping(text: bytes) -> None:
    assert parse_mapping(text, "here") == {}


def test_a_value_used_twice_is_written_twice() -> None:
    shared = [1, 2]
    assert render_mapping({"a": shared, "b": shared}) == b"a:\n- 1\n- 2\nb:\n- 1\n- 2\n"


ALIAS_BOMB = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 12)
)
MERGE_BOMB = b"a0: &a0 {x: 1}\n" + b"".join(
    b"a%d: &a%d {<<: [%s]}\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [
        ALIAS_BOMB,
        MERGE_BOMB,
        b"a: &a [*a]\n",
        b"a: &a {b: *a}\n",
        b"a: !!python/object/apply:os.system ['true']\n",
        b"a: !!binary aGVsbG8=\n",
        b"a: !!timestamp 2024-01-01\n",
        b"a: !!set {x}\n",
        b"a: !unknown 1\n",
        b"[1, 2]\n",
        b"just text\n",
        b"17\n",
        b"a: [\n",
        b"a:\tb\n- c\n",
        b"a: \0\n",
        b"a: \xff\xfe\n",
        b"a: 1\n---\nb: 2\n",
        b"{a: 1}: 2\n",
        b"[" * 20_000,
        b"a: " + b"9" * 5000 + b"\n",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_what_is_not_plain_data_is_refused_with_a_reason(text: bytes) -> None:
    with pytest.raises(DamagedError) as caught:
        parse_mapping(text, "the-file.yaml")
    assert str(caught.value).startswith("the-file.yaml: ")
    assert "\n" not in str(caught.value)


def test_an_error_in_a_document_names_its_line() -> None:
    with pytest.raises(DamagedError, match="line 2 is not valid YAML"):
        parse_mapping(b"a: 1\nb: ]\n", "here")


def test_a_document_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a: " + b"x" * (32 << 20))
    with pytest.raises(DamagedError, match="larger than 32 MiB"):
        read_mapping(tmp_path / "a.yaml")


def test_a_document_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.yaml"
    write_mapping(target, {"a": 1})
    write_mapping(target, {"b": "图像"})
    assert target.read_bytes() == "b: 图像\n".encode()
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_leaves_the_old_document_and_nothing_else(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.yaml"
    target.write_bytes(b"a: old\n")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(OSError, match="Input/output error"):
            write_mapping(target, {"a": "new"})
    assert target.read_bytes() == b"a: old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_the_content_is_on_the_disk_before_the_name_points_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def call(*arguments: object, name: str = name, real: object = real) -> object:
            calls.append(name)
            return real(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(os, name, call)
    replace_file(tmp_path / "a", b"x")
    assert calls == ["fsync", "replace", "fsync"]  # the last one is the directory's


def test_a_new_file_has_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", b"x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_link_in_the_place_of_a_document_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "a").symlink_to(tmp_path / "victim")
    replace_file(tmp_path / "a", b"x")
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert not (tmp_path / "a").is_symlink()


def test_keys_are_named_as_json_names_them_at_every_level() -> None:
    """YAML reads a key `on` as True; a server, which gets JSON, has `true`."""
    text = "optim: {on: 1, null: 2, 1.5: 3, .nan: 4, 7: 5}\nlayers: [{off: 1}]\nyes: 3\n~: 4\n0x10: 6\n"
    read = parse_mapping(text.encode(), "here")
    assert json.loads(json.dumps(read)) == read
    assert read == {
        "optim": {"true": 1, "null": 2, "1.5": 3, "NaN": 4, "7": 5},
        "layers": [{"false": 1}],
        "true": 3,
        "null": 4,
        "16": 6,
    }


@pytest.mark.parametrize(
    "text",
    ["a: 0x" + "f" * 5000, "a: [{? [1, 2] : 3}]", "? [1, 2]\n: 3", "a: 1" + ":1" * 9000, "a: {? !!binary eA== : 1}"],
)
def test_what_json_cannot_hold_is_damage_and_stops_nobody(text: str) -> None:
    with pytest.raises(DamagedError):
        parse_mapping(text.encode(), "here")
