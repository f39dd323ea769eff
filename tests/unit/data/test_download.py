import errno
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infwidth.data import download as module
from infwidth.data.download import download
from infwidth.errors import DataError

CONTENT = bytes(range(256)) * 1000
CHECKSUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; ``faults`` says, request by request, what goes wrong, and ``ranges`` what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[str] = []
        self.ranges: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/file.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault.isdigit():
            return self.send_error(int(fault))
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and fault != "no ranges" else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            return self.end_headers()
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "truncated":
            body = body[: len(body) // 2]
        elif fault == "corrupt":
            body = b"x" + body[1:]
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.0)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_whole_file_arrives_under_its_name_only(server, tmp_path):
    target = tmp_path / "new folder" / "file.bin"
    assert download(server.url, target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["file.bin"]


def test_a_connection_that_ends_early_is_resumed_where_it_ended(server, tmp_path):
    server.faults = ["truncated", "503", "truncated"]
    download(server.url, tmp_path / "file.bin", CHECKSUM)
    half, quarter = len(CONTENT) // 2, len(CONTENT) // 4
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half}-", f"bytes={half + quarter}-"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_part_of_an_earlier_run_is_resumed(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1234])
    download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert server.ranges == ["bytes=1234-"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_part_that_is_already_whole_is_kept(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_is_fetched_anew(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"more")
    download(server.url, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_server_without_ranges_is_read_from_the_start(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1234])
    server.faults = ["no ranges"]
    download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert server.ranges == ["bytes=1234-"]
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_corrupt_file_is_removed_named_and_fetched_once_more(server, tmp_path, caplog):
    server.faults = ["corrupt"]
    download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert server.ranges == [None, None]
    assert "file.bin.part" in caplog.text
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_file_corrupt_twice_is_an_error_and_leaves_nothing(server, tmp_path):
    server.faults = ["corrupt", "corrupt"]
    with pytest.raises(DataError, match=r"twice.*wrong checksum"):
        download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert server.ranges == [None, None]
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_not_tried_again(server, tmp_path):
    server.faults = ["404"]
    with pytest.raises(DataError, match="404"):
        download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert len(server.ranges) == 1


def test_connections_that_always_break_are_an_error_after_the_last_attempt(server, tmp_path):
    server.faults = ["503"] * 9
    with pytest.raises(DataError, match="3 attempts"):
        download(server.url, tmp_path / "file.bin", CHECKSUM, attempts=3)
    assert len(server.ranges) == 3


def test_a_full_disk_is_not_tried_again(server, tmp_path, monkeypatch):
    def full(url: str, part: object, timeout: float) -> None:
        server.ranges.append(None)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_continue", full)
    with pytest.raises(OSError, match="No space left"):
        download(server.url, tmp_path / "file.bin", CHECKSUM)
    assert len(server.ranges) == 1
