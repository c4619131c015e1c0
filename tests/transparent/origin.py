"""The sites of the test: what do they receive, byte for byte, and from whom?

Port 80 answers HTTP/1, 443 TLS with HTTP/1 inside, 2525 and 8025 greet like a mail server (the second takes its time),
7000 says what it got. The first bytes of each connection are written to DIR/<port>-<number>, its peer to DIR/peers.
"""
import itertools
import os
import socket
import ssl
import sys
import threading
import time

DIR, CERTIFICATE = sys.argv[1], sys.argv[2]
NUMBERS = itertools.count()
LOCK = threading.Lock()


def record(port, peer, data):
    with LOCK:
        number = next(NUMBERS)
        path = os.path.join(DIR, f"{port}-{number:03}")
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.rename(path + ".new", path)
        with open(os.path.join(DIR, "peers"), "a", encoding="ascii") as file:
            file.write(f"{port} {peer[0].removeprefix('::ffff:')}\n")


def head(read):
    data = b""
    while b"\r\n\r\n" not in data:
        more = read()
        if not more:
            break
        data += more
    return data


def answer(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def http(stream, port, peer):
    while data := head(lambda: stream.recv(65536)):
        record(port, peer, data)
        stream.sendall(answer(b"site"))


def tls(stream, port, peer):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    inside = context.wrap_bio(incoming, outgoing, server_side=True)
    hello = b""
    is_open = False

    def run(step):
        nonlocal hello
        while True:
            try:
                done = step()
                stream.sendall(outgoing.read())
                return done
            except ssl.SSLWantReadError:
                stream.sendall(outgoing.read())
                data = stream.recv(65536)
                if not data:
                    raise EOFError from None
                hello += b"" if is_open else data
                incoming.write(data)

    # The hello is kept as it came, also when nothing comes of it.
    try:
        run(inside.do_handshake)
        is_open = True
    finally:
        record(port, peer, hello)
    data = head(lambda: run(lambda: inside.read(65536)))
    record(f"{port}-inside", peer, data)
    run(lambda: inside.write(answer(b"secret site")))


def mail(patience):
    def greet(stream, port, peer):
        time.sleep(patience)
        stream.sendall(b"220 mail.example ESMTP\r\n")
        record(port, peer, stream.recv(65536))
        stream.sendall(b"221 bye\r\n")

    return greet


def echo(stream, port, peer):
    data = stream.recv(65536)
    record(port, peer, data)
    stream.sendall(b"got " + data)


def serve(port, handle):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    while True:
        stream, peer = listener.accept()

        def run(stream=stream, peer=peer):
            try:
                with stream:
                    handle(stream, port, peer)
            except (OSError, EOFError):
                pass

        threading.Thread(target=run, daemon=True).start()


SITES = {80: http, 443: tls, 2525: mail(0), 8025: mail(2), 7000: echo}
for at, handler in SITES.items():
    threading.Thread(target=serve, args=(at, handler), daemon=True).start()
with open(os.path.join(DIR, "ready"), "w", encoding="ascii") as file:
    file.write("ready")
threading.Event().wait()
