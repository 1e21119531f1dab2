"""The store of bytes: each sequence once, whole or not at all, and found again after anything."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import pickle
from itertools import pairwise
from pathlib import Path

import pytest

from aimd_core.errors import DamagedError
from aimd_core.objects.adding import Adding
from aimd_core.objects.packs import INDEX, PACK, PACKED_BYTES, pack_names, record_of
from aimd_core.objects.store import ObjectMissingError, ObjectStore, store_of


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / ".aimd" / "objects")


def inodes(directory: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(directory))


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, PACKED_BYTES, PACKED_BYTES + 1, 3_000_000])
def test_what_was_added_comes_back(store: ObjectStore, size: int) -> None:
    content = os.urandom(size)
    assert store.add_bytes(content) == (digest_of(content), size)
    fresh = ObjectStore(store.directory)
    assert fresh.read(digest_of(content)) == content
    with fresh.open(digest_of(content)) as file:
        assert file.read() == content
    assert (fresh.size_of(digest_of(content)), fresh.fault_of(digest_of(content))) == (size, None)


def test_what_was_never_added_is_missing(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissingError):
        store.read("0" * 64)
    assert (store.has("0" * 64), store.fault_of("0" * 64)) == (False, "is missing")


def test_equal_bytes_are_stored_once(store: ObjectStore) -> None:
    for content in (b"small" * 9, b"large" * 9000):
        store.add_bytes(content)
        before = inodes(store.directory), sum(path.stat().st_size for path in store.directory.rglob("*"))
        for other in (store, ObjectStore(store.directory)):
            other.add_bytes(content)
        assert (inodes(store.directory), sum(path.stat().st_size for path in store.directory.rglob("*"))) == before


def test_ten_thousand_small_ones_are_few_files(store: ObjectStore) -> None:
    contents = [b"%d" % number * 100 for number in range(10_000)]
    for content in contents:
        store.add_bytes(content)
    assert inodes(store.directory) <= 100
    fresh = ObjectStore(store.directory)
    assert all(fresh.read(digest_of(content)) == content for content in contents[::97])
    assert len(fresh.packed()) == len(contents)


def test_an_index_is_made_again_from_its_pack(store: ObjectStore) -> None:
    contents = [b"%d" % number for number in range(100)]
    for content in contents:
        store.add_bytes(content)
    (name,) = pack_names(str(store.directory / "packs"))
    index = store.directory / "packs" / f"{name}{INDEX}"
    whole = index.read_bytes()
    for left in (b"", whole[:44], whole[:-7], b"\xff" * len(whole)):
        index.write_bytes(left)
        fresh = ObjectStore(store.directory)
        assert all(fresh.read(digest_of(content)) == content for content in contents)
    store.close()
    index.unlink()
    ObjectStore(store.directory).add_bytes(b"another")
    assert index.read_bytes()[: len(whole)] == whole


def test_an_index_that_leads_elsewhere_is_not_believed(store: ObjectStore) -> None:
    contents = [b"%d" % number for number in range(100)]
    for content in contents:
        store.add_bytes(content)
    (index,) = (store.directory / "packs").glob(f"*{INDEX}")
    whole = index.read_bytes()
    entries = [whole[start : start + 44] for start in range(0, len(whole), 44)]
    index.write_bytes(b"".join(left[:32] + right[32:] for left, right in pairwise(entries)) + entries[-1])
    fresh = ObjectStore(store.directory)
    assert all(fresh.read(digest_of(content)) == content for content in contents)


def test_a_new_pack_that_another_writer_locked_first_is_left_to_it(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_bytes(b"of the first")
    (taken,) = pack_names(str(store.directory / "packs"))
    names = iter([taken, "another"])
    with monkeypatch.context() as patch:
        patch.setattr("aimd_core.objects.packs.pack_names", lambda directory: [])
        patch.setattr("aimd_core.objects.packs.new_name", lambda: next(names))
        other = ObjectStore(store.directory)
        other._writer.append(digest_of(b"of the other"), b"of the other")
    store.add_bytes(b"of the first again")
    assert pack_names(str(store.directory / "packs")) == sorted([taken, "another"])
    fresh = ObjectStore(store.directory)
    for content in (b"of the first", b"of the other", b"of the first again"):
        assert fresh.read(digest_of(content)) == content


def test_a_half_written_record_is_passed_over(store: ObjectStore) -> None:
    store.add_bytes(b"first")
    store.close()
    (pack,) = (store.directory / "packs").glob(f"*{PACK}")
    record = record_of(digest_of(b"lost" * 50), b"lost" * 50)
    for cut in (1, 5, 80, len(record) - 1):
        with open(pack, "ab") as file:
            file.write(record[:cut])
        kept = ObjectStore(store.directory)
        kept.add_bytes(b"after %d" % cut)
        kept.close()
    fresh = ObjectStore(store.directory)
    assert [fresh.read(digest_of(b"after %d" % cut)) for cut in (1, 5)] == [b"after 1", b"after 5"]
    assert fresh.read(digest_of(b"first")) == b"first"
    assert not fresh.has(digest_of(b"lost" * 50))


def test_a_flipped_bit_is_noticed(store: ObjectStore) -> None:
    small, large = store.add_bytes(b"small" * 30), store.add_bytes(b"large" * 3000)
    store.close()
    (pack,) = (store.directory / "packs").glob(f"*{PACK}")
    for path in (pack, store.path_of(large.digest)):
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[-9] ^= 4
        path.write_bytes(content)
    fresh = ObjectStore(store.directory)
    for stored in (small, large):
        assert fresh.fault_of(stored.digest) == "does not match its digest"
    with pytest.raises(DamagedError):
        fresh.read(large.digest)


def test_a_file_is_at_its_place_and_in_the_store_without_a_second_copy(store: ObjectStore, tmp_path: Path) -> None:
    source, targets = tmp_path / "model.bin", [tmp_path / "a.bin", tmp_path / "b.bin"]
    source.write_bytes(os.urandom(100_000))
    for target in targets:
        with Adding(store) as adding:
            stored = adding.take(source, target)
    assert stored == (digest_of(source.read_bytes()), 100_000)
    assert [target.read_bytes() for target in targets] == [source.read_bytes()] * 2
    if not store.can_clone(source):
        assert os.stat(targets[0]).st_nlink == 3  # two places and the object
    assert os.stat(source).st_nlink == 1
    source.write_bytes(b"changed later")
    assert store.fault_of(stored.digest) is None
    assert os.listdir(store.directory / "new") == []


@pytest.fixture
def linking_store(store: ObjectStore) -> ObjectStore:
    """A store on a file system whose files cannot share bytes, so that equal ones are links."""
    store.clones = False
    return store


def test_bytes_that_are_kept_are_not_written_again(
    linking_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(10_000))
    with Adding(linking_store) as adding:
        stored = adding.take(source, tmp_path / "first")
    created: list[Path] = []
    monkeypatch.setattr("aimd_core.objects.adding.created", lambda path: created.append(path))
    with Adding(linking_store) as adding:
        assert adding.take(source, tmp_path / "second") == stored
        assert adding.take(source, tmp_path / "first") == stored  # where they are already
    inodes = {os.stat(tmp_path / name).st_ino for name in ("first", "second")}
    assert (inodes, created) == ({os.stat(linking_store.path_of(stored.digest)).st_ino}, [])
    assert os.listdir(linking_store.directory / "new") == []


def test_equal_files_that_are_taken_together_are_written_once(linking_store: ObjectStore, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"equal" * 2_000)
    with Adding(linking_store) as adding:
        for name in ("a", "b", "c"):
            stored = adding.take(tmp_path / name, tmp_path / f"{name}.kept")
        assert len({os.stat(path).st_ino for path in (linking_store.directory / "new").iterdir()}) == 1
    inodes = {os.stat(tmp_path / f"{name}.kept").st_ino for name in ("a", "b", "c")}
    assert inodes == {os.stat(linking_store.path_of(stored.digest)).st_ino}
    assert os.listdir(linking_store.directory / "new") == []


def test_an_object_that_is_removed_while_its_bytes_are_added_again_is_made_again(
    linking_store: ObjectStore, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content" * 2_000)
    with Adding(linking_store) as adding:
        stored = adding.take(source, tmp_path / "first")
    with Adding(linking_store) as adding:
        adding.take(source, tmp_path / "second")
        linking_store.path_of(stored.digest).unlink()
    assert (tmp_path / "second").read_bytes() == source.read_bytes()
    assert linking_store.fault_of(stored.digest) is None


def test_an_object_that_was_made_writable_is_read_only_again(linking_store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"content" * 2_000)
    for name in ("first", "second"):
        with Adding(linking_store) as adding:
            stored = adding.take(source, tmp_path / name)
        assert linking_store.path_of(stored.digest).stat().st_mode & 0o777 == 0o444
        linking_store.path_of(stored.digest).chmod(0o644)


@pytest.mark.parametrize("size", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("change", ["grows", "shrinks", "is written to"])
def test_a_file_that_changes_while_it_is_read_is_not_added(
    linking_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, change: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * size)
    os.utime(source, (1, 1))

    class Changing(io.FileIO):
        """A file that somebody changes after a first part of it was read."""

        def __init__(self, descriptor: int) -> None:
            super().__init__(descriptor)
            self.is_changed = False

        def _change(self) -> None:
            if not self.is_changed:
                self.is_changed = True
                with open(source, "r+b") as other:
                    other.seek(0, os.SEEK_END if change == "grows" else os.SEEK_SET)
                    other.truncate(size // 2) if change == "shrinks" else other.write(b"y")

        def read(self, size_bytes: int = -1, /) -> bytes:
            content = super().read(min(size_bytes, 10))
            self._change()
            return content

        def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
            count = super().readinto(buffer[:10])
            self._change()
            return count

    def opened(path: Path, follows: bool = False) -> Changing:
        return Changing(os.open(path, os.O_RDONLY))

    monkeypatch.setattr("aimd_core.objects.adding.open_source", opened)
    with Adding(linking_store) as adding, pytest.raises(DamagedError, match="was changed while it was read"):
        adding.take(source, tmp_path / "kept")
    assert (list(linking_store.objects()), (tmp_path / "kept").exists()) == ([], False)
    assert os.listdir(linking_store.directory / "new") == []


def test_a_small_file_is_at_its_place_only(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("lr: 0.1\n")
    with Adding(store) as adding:
        adding.take(tmp_path / "config.yaml", tmp_path / "copy.yaml")
    assert (tmp_path / "copy.yaml").read_text() == "lr: 0.1\n"
    assert list(store.objects()) == []


def test_nothing_is_there_if_adding_is_abandoned(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"x" * 10_000)
    with pytest.raises(KeyboardInterrupt), Adding(store) as adding:
        adding.take(source, tmp_path / "out.bin")
        raise KeyboardInterrupt
    assert (list(store.objects()), os.listdir(store.directory / "new")) == ([], [])
    assert not (tmp_path / "out.bin").exists()


def test_only_regular_files_are_taken(store: ObjectStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    with Adding(store) as adding:
        for name in ("pipe", "link"):
            with pytest.raises(DamagedError):
                adding.take(tmp_path / name)
        with pytest.raises(OSError, match=r"."):
            adding.take(tmp_path / "nothing")
        assert adding.take(tmp_path / "link", follows=True).digest == digest_of(b"content")


def test_a_damaged_object_is_replaced_when_its_bytes_come_again(store: ObjectStore) -> None:
    stored = store.add_bytes(b"large" * 3000)
    os.truncate(store.path_of(stored.digest), 100)
    store.add_bytes(b"large" * 3000)
    assert store.fault_of(stored.digest) is None


def test_a_file_gets_its_own_bytes_also_after_somebody_wrote_to_an_equal_one(
    store: ObjectStore, tmp_path: Path
) -> None:
    source, first, second = (tmp_path / name for name in ("source", "first", "second"))
    source.write_bytes(b"true bytes" * 1_000)
    for target in (first, second):
        with Adding(store) as adding:
            stored = adding.take(source, target)
        if target == first:
            path = store.path_of(stored.digest)
            for name in (path, first):  # as root can
                name.chmod(0o644)
                name.write_bytes(b"evil bytes" * 1_000)
    assert second.read_bytes() == source.read_bytes()
    assert store.fault_of(stored.digest) is None


def test_an_object_is_read_only_and_named_as_sha256sum_says(store: ObjectStore) -> None:
    stored = store.add_bytes(b"large" * 3000)
    path = store.path_of(stored.digest)
    assert path.parent.name + path.name == digest_of(path.read_bytes())
    assert path.stat().st_mode & 0o222 == 0


def _add_many(directory: Path, first: int) -> None:
    store = ObjectStore(directory)
    for number in range(first, first + 300):
        store.add_bytes(b"%d" % number)
        store.add_bytes(b"equal %d" % (number % 300))


def test_processes_add_at_once(store: ObjectStore) -> None:
    context = multiprocessing.get_context("fork")
    store.add_bytes(b"before the fork")
    workers = [context.Process(target=_add_many, args=(store.directory, number * 1000)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    fresh = ObjectStore(store.directory)
    for first in (0, 1000, 2000, 3000):
        assert all(fresh.read(digest_of(b"%d" % number)) == b"%d" % number for number in range(first, first + 300))
    assert len(pack_names(str(store.directory / "packs"))) <= 5


def test_copies_and_forks_of_a_store_add_to_packs_of_their_own(store: ObjectStore) -> None:
    store.add_bytes(b"mine")
    copy = pickle.loads(pickle.dumps(store))
    copy.add_bytes(b"the copy's")
    child = os.fork()
    if child == 0:
        try:
            store.add_bytes(b"the child's")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    store.add_bytes(b"mine again")
    fresh = ObjectStore(store.directory)
    for content in (b"mine", b"the copy's", b"the child's", b"mine again"):
        assert fresh.read(digest_of(content)) == content


def test_a_trial_has_the_store_of_its_working_directory(tmp_path: Path) -> None:
    objects = tmp_path / ".aimd" / "objects"
    assert store_of(tmp_path / ".aimd" / "trials" / "cnn_261123_150327_f9by70").directory == objects
    assert store_of(tmp_path / ".aimd" / "artifacts" / "weights" / "id").directory == objects
    assert store_of(tmp_path / "cnn_261123_150327_f9by70").directory == objects
