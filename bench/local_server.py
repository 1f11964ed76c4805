"""A server that a script needs for a while: started on a free loopback port, waited for, ended with the block."""

import contextlib
import socket
import subprocess
import time
import urllib.request


@contextlib.contextmanager
def local_server(command):
    """The port, once the program (its command line without --port) answers /health."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*map(str, command), "--port", str(port)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(command[0], port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(name, port, process):
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{name} ended before it was ready")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{name} did not become ready within a minute")
