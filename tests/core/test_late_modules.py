"""What a library loads late is all there when somebody uses it, and a script's own libraries are left alone."""

import subprocess
import sys

LEAN = """
import sys
from aimd_core import late_modules
late_modules.is_own_process = True
from aimd_core.client.lean_httpx import _LATE, httpx, lean
assert not set(_LATE) & set(sys.modules), set(_LATE) & set(sys.modules)
"""
IN_ONE_PROCESS = [
    # names that are not ASCII, types of files, cookies, digests and decoders
    """
assert httpx.URL("http://b\u00fccher.example/").raw_host == b"xn--bcher-kva.example"
import idna
assert idna.__file__
""",
    """
request = httpx.Request("POST", "http://a/", files={"file": ("a.png", b"x")})
assert b"image/png" in request.read()
""",
    """
def answer(request):
    if "cookie" in request.headers:
        return httpx.Response(200, text=request.headers["cookie"])
    return httpx.Response(200, headers={"Set-Cookie": "a=1; Path=/"}, text="none")
with httpx.Client(transport=httpx.MockTransport(answer)) as client:
    assert [client.get("http://a.example/").text for _ in range(3)] == ["none", "a=1", "a=1"]
    assert dict(client.cookies) == {"a": "1"}
""",
    """
def answer(request):
    if "authorization" in request.headers:
        return httpx.Response(200, text=request.headers["authorization"])
    asked = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    return httpx.Response(401, headers={"WWW-Authenticate": asked})
with httpx.Client(transport=httpx.MockTransport(answer), auth=httpx.DigestAuth("ann", "secret")) as client:
    assert "username=\\"ann\\"" in client.get("http://a.example/").text
""",
    """
import gzip
packed = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(b"text"))
assert packed.text == "text"
from httpx._decoders import SUPPORTED_DECODERS
from importlib.util import find_spec
assert ("zstd" in SUPPORTED_DECODERS) == (find_spec("zstandard") is not None)
if "zstd" in SUPPORTED_DECODERS:
    import zstandard
    content = zstandard.ZstdCompressor().compress(b"text")
    assert httpx.Response(200, headers={"Content-Encoding": "zstd"}, content=content).text == "text"
assert httpx.Response(200, headers={"Content-Type": "text/plain; charset=latin-1"}, content=b"\\xfc").text == "\u00fc"
""",
    # an asynchronous client on a real socket
    """
import asyncio
async def serve(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).text == "ok"
    server.close()
asyncio.run(main())
""",
    """
import os
os.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"
os.environ["NO_PROXY"] = "b.example"
client = httpx.Client()
assert {str(pattern.pattern) for pattern in client._mounts} == {"https://", "all://*b.example"}
""",
    "import httpx._main\nassert httpx._main.__name__ == 'httpx._main'",
]


def ran(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_everything_of_httpx_is_there_when_it_is_used() -> None:
    each = "\n".join(f"exec(compile({part!r}, 'part {number}', 'exec'))" for number, part in enumerate(IN_ONE_PROCESS))
    ran(f"{LEAN}\n{each}\nfrom importlib import import_module\nfor name in _LATE: import_module(name)")


def test_a_script_has_httpx_as_it_is() -> None:
    ran(
        "import sys\nfrom aimd_core.client.lean_httpx import httpx, lean\nimport httpcore\n"
        "assert isinstance(httpcore.AsyncConnectionPool, type)\n"
        "assert 'httpx._main' not in sys.modules\n"
        "import httpx._main\nassert httpx._main.__name__ == 'httpx._main'\n"
        "with lean():\n    import mimetypes\n    assert mimetypes.__file__\n"
    )


def test_a_stand_in_is_gone_after_the_import_even_a_failed_one() -> None:
    ran(
        "import sys\nfrom aimd_core.late_modules import LateModule, loaded_late\n"
        "try:\n"
        "    with loaded_late(['csv', 'sys', 'email.message'], {'csv': {'Error': KeyError}}):\n"
        "        import csv\n"
        "        from csv import Error, reader\n"
        "        assert isinstance(csv, LateModule) and Error is KeyError\n"
        "        1 / 0\n"
        "except ZeroDivisionError:\n    pass\n"
        "assert 'csv' not in sys.modules and 'email.message' not in sys.modules\n"
        "assert list(reader(['a,b'])) == [['a', 'b']]\n"
        "assert csv.Error is sys.modules['csv'].Error is not KeyError\n"
        "import email\nassert 'message' not in vars(email) or isinstance(email.message, LateModule)\n"
        "import email.message\nassert email.message.__file__\n"
    )
