"""Do Python's HTTP libraries work through clir? Prints `<library> ok` for each."""

import asyncio
import os
import ssl

import aiohttp
import httpx
import requests
import websockets

PROXY = f"http://{os.environ['PROXY']}"
CA = os.environ["CA"]
PLAIN, TLS, COUNT = os.environ["PLAIN"], os.environ["TLS"], os.environ["COUNT"]
LARGE = 5_000_000
BODY = b"b" * 3_000_000


def with_requests():
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": PROXY, "https": PROXY}
        session.verify = CA
        for base in (PLAIN, TLS):
            for _ in range(3):
                answer = session.get(f"{base}/large.bin", timeout=60)
                assert answer.status_code == 200 and len(answer.content) == LARGE
            answer = session.get(f"{base}/text.txt", timeout=60)
            assert answer.headers["Content-Encoding"] == "gzip" and answer.text.startswith("compressible")
            assert session.get(f"{base}/nothing", timeout=60).status_code == 404
        assert session.post(COUNT, data=BODY, timeout=60).text == str(len(BODY))
        pieces = (BODY[at : at + 100_000] for at in range(0, len(BODY), 100_000))
        assert session.post(COUNT, data=pieces, timeout=60).text == str(len(BODY)), "chunked"


def with_httpx():
    context = ssl.create_default_context(cafile=CA)
    with httpx.Client(proxy=PROXY, verify=context, http2=True, trust_env=False, timeout=60) as client:
        assert len(client.get(f"{PLAIN}/large.bin").content) == LARGE
        for _ in range(3):
            answer = client.get(f"{TLS}/large.bin")
            assert answer.http_version == "HTTP/2" and len(answer.content) == LARGE, answer.http_version
        with client.stream("GET", f"{TLS}/large.bin") as answer:
            assert sum(len(piece) for piece in answer.iter_bytes()) == LARGE
        assert client.post(COUNT, content=BODY).text == str(len(BODY))


async def with_aiohttp():
    context = ssl.create_default_context(cafile=CA)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:

        async def size(url):
            async with session.get(url, proxy=PROXY, ssl=context) as answer:
                assert answer.status == 200
                return len(await answer.read())

        urls = [f"{PLAIN}/large.bin", f"{TLS}/large.bin"] * 5
        assert await asyncio.gather(*map(size, urls)) == [LARGE] * len(urls)
        async with session.post(COUNT, data=BODY, proxy=PROXY) as answer:
            assert await answer.text() == str(len(BODY))
        async with session.ws_connect(os.environ["WEBSOCKET"].replace("ws:", "http:"), proxy=PROXY) as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello"


async def with_websockets():
    async with websockets.connect(os.environ["WEBSOCKET"], proxy=PROXY) as socket:
        for message in ("hello", b"\0\xff" * 100_000, "x" * 300_000):
            await socket.send(message)
            assert await socket.recv() == message


with_requests()
print("requests ok")
with_httpx()
print("httpx ok")
asyncio.run(with_aiohttp())
print("aiohttp ok")
asyncio.run(with_websockets())
print("websockets ok")
