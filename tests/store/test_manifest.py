import hashlib
from pathlib import Path

import pytest

from raysft.errors import DamagedArtifact, StoreError
from raysft.store import manifest
from raysft.store.manifest import damages, inventory, read_entries


def test_an_inventory_names_sizes_and_digests(weights: Path) -> None:
    entries = {entry.name: entry for entry in inventory(weights)}
    data = (weights / "model.safetensors").read_bytes()
    assert entries["model.safetensors"].size == len(data)
    assert entries["model.safetensors"].sha256 == hashlib.sha256(data).hexdigest()
    assert damages(weights, tuple(entries.values())) == ()


def test_every_single_flipped_byte_is_found(tmp_path: Path) -> None:
    for name, data in (("a", bytes(range(200))), ("b", b"\0" * 50)):
        (tmp_path / name).write_bytes(data)
    entries = inventory(tmp_path)
    for entry in entries:
        path = tmp_path / entry.name
        sound = path.read_bytes()
        for place in range(len(sound)):
            path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x80]) + sound[place + 1 :])
            assert damages(tmp_path, entries) == (f"{entry.name} has another digest",)
        path.write_bytes(sound)
    assert damages(tmp_path, entries) == ()


def test_truncated_grown_and_missing_files_are_named(weights: Path) -> None:
    entries = inventory(weights)
    (weights / "model.safetensors").write_bytes(b"short")
    (weights / "empty.txt").write_bytes(b"x")
    (weights / "nested" / "config [1].json").unlink()
    assert set(damages(weights, entries)) == {
        "model.safetensors has 5 bytes instead of 2048",
        "empty.txt has 1 bytes instead of 0",
        "nested/config [1].json is missing",
    }
    assert len(damages(weights / "nowhere", entries)) == len(entries)


def test_large_folders_are_hashed_in_threads_alike(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one = inventory(weights)
    monkeypatch.setattr(manifest, "_PARALLEL_FROM_BYTES", 0)
    assert inventory(weights) == one_by_one
    (weights / "model.safetensors").write_bytes(b"\1" * 2048)
    assert damages(weights, one_by_one) == ("model.safetensors has another digest",)


def test_a_link_to_a_file_counts_as_the_file(tmp_path: Path, weights: Path) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    (folder / "model.safetensors").symlink_to(weights / "model.safetensors")
    assert inventory(folder)[0].size == 2048


def test_a_link_to_a_folder_is_refused(tmp_path: Path, weights: Path) -> None:
    (weights / "linked").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(StoreError, match="link to a folder"):
        inventory(weights)


def test_a_broken_link_is_refused(weights: Path) -> None:
    (weights / "gone").symlink_to(weights / "nowhere")
    with pytest.raises(StoreError, match="not a file"):
        inventory(weights)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no files"):
        inventory(tmp_path)


@pytest.mark.parametrize("name", ["../model", "/etc/passwd", "a//b", "", ".", "a/../../b", "a\\b"])
def test_a_record_that_leads_out_of_its_folder_is_damaged(name: str) -> None:
    with pytest.raises(DamagedArtifact):
        read_entries({"files": [{"name": name, "size": 1, "sha256": "00"}]})


@pytest.mark.parametrize("content", [{}, {"files": None}, {"files": [1]}, {"files": [{"name": "a"}]}])
def test_a_record_without_a_usable_list_is_damaged(content: dict[str, object]) -> None:
    with pytest.raises(DamagedArtifact):
        read_entries(content)
