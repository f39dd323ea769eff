"""A headless Chromium that tests drive over a pipe: the DevTools protocol, with the standard library alone."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1600,1000"),
)

# Chromium reads commands from the first and writes answers to the second of these file descriptors, a NUL after each.
_COMMANDS, _ANSWERS = 3, 4


class BrowserError(AssertionError):
    """The browser, or the page in it, did not do what it was asked to."""


class Page:
    """One open page. Every call waits for the browser's answer, ``patience`` seconds at most."""

    def __init__(self, commands: int, answers: int, patience: float) -> None:
        self._commands, self._answers, self._patience = commands, answers, patience
        self._received = b""
        self._sent = 0
        self._session: dict[str, str] = {}
        target = self._command("Target.createTarget", url="about:blank")["targetId"]
        attached = self._command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def open(self, url: str) -> None:
        """Load a page and wait until its scripts have run."""
        failure = self._command("Page.navigate", url=url).get("errorText")
        if failure:
            raise BrowserError(f"{url}: {failure}")
        self.wait_for("location.href !== 'about:blank' && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return the value (plain JSON) of an expression in the page; raise BrowserError with what the page throws."""
        answer = self._command("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(f"{script}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> Any:
        """Wait until an expression is true in the page and return its value; raise BrowserError if that never comes."""
        end = time.monotonic() + self._patience
        while not (value := self.run(condition)):
            if time.monotonic() > end:
                raise BrowserError(f"still not so after {self._patience:.0f} s: {condition}")
            time.sleep(0.05)
        return value

    def _command(self, method: str, **parameters: Any) -> Any:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + self._patience
        while (answer := self._next_message(end)).get("id") != self._sent:
            pass  # an event, which nobody asked for
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _next_message(self, end: float) -> Any:
        while b"\0" not in self._received:
            if not select.select([self._answers], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BrowserError(f"Chromium did not answer within {self._patience:.0f} s")
            chunk = os.read(self._answers, 1 << 16)
            if not chunk:
                raise BrowserError("Chromium ended")
            self._received += chunk
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)


def _high(descriptor: int) -> int:
    """Return a copy of a file descriptor above those that Chromium uses, closed by whatever program runs next."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return copy


@contextmanager
def browser(profile: Path, *, patience: float = 60) -> Iterator[Page]:
    """Start a headless Chromium with its profile in a folder, and yield an empty page; at the end it is stopped."""
    theirs_in, ours_out = map(_high, os.pipe())
    ours_in, theirs_out = map(_high, os.pipe())

    def connect() -> None:
        os.dup2(theirs_in, _COMMANDS)
        os.dup2(theirs_out, _ANSWERS)

    process = subprocess.Popen(
        [str(CHROMIUM), *_FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe"],
        preexec_fn=connect,
        pass_fds=(_COMMANDS, _ANSWERS),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(ours_out, ours_in, patience)
    finally:
        os.close(ours_out)  # Chromium ends when nobody can command it
        os.close(ours_in)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
