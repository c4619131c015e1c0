"""A client that says bytes as it is told, and prints what comes back.

speak.py HOST PORT SECONDS HEX[,HEX…]: each piece in a segment of its own, so many seconds apart; nothing said is "".
"""
import socket
import sys
import time

host, port, pause, pieces = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
said = b""
try:
    # Whoever is refused may learn so at any step.
    with socket.create_connection((host, port), timeout=10) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces.split(","):
            if piece:
                stream.sendall(bytes.fromhex(piece))
            time.sleep(pause)
        while data := stream.recv(65536):
            said += data
            if len(said) > 4096:
                break
except TimeoutError:
    said += b"[silence]"
except OSError:
    said += b"[reset]"
sys.stdout.write(said.decode("latin-1"))
