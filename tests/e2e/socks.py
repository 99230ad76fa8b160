"""A SOCKS 5 proxy for tests (RFC 1928, 1929): it looks names up in a table of
its own, and notes who asked for what."""
import select
import socket
import struct
import threading


class Socks:
    """Serves on a port of loopback until closed. ${names}: name -> port of
    loopback; a number may be asked for only if it is loopback's."""

    def __init__(self, names):
        self.names = names
        self.asked = []  # (user, "name" or "ip", host, port)
        self.closing = False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.closing = True
        self.socket.close()

    def _serve(self):
        while not self.closing:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=[client], daemon=True).start()

    @staticmethod
    def _read(sock, n):
        out = b""
        while len(out) < n:
            part = sock.recv(n - len(out))
            if not part:
                raise EOFError
            out += part
        return out

    def _one(self, client):
        try:
            with client:
                peer = self._greet(client)
                if peer is not None:
                    with peer:
                        self._pump(client, peer)
        except (EOFError, OSError):
            pass  # one of the two has gone

    def _greet(self, client):
        version, n = self._read(client, 2)
        methods = self._read(client, n)
        assert version == 5, version
        user = ""
        if 2 in methods:
            client.sendall(b"\5\2")
            _, n = self._read(client, 2)
            user = self._read(client, n).decode()
            self._read(client, self._read(client, 1)[0])
            client.sendall(b"\1\0")
        else:
            client.sendall(b"\5\0")
        _, what, _, kind = self._read(client, 4)
        if kind == 3:
            host = self._read(client, self._read(client, 1)[0]).decode()
        else:
            family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self._read(client, size))
        port, = struct.unpack("!H", self._read(client, 2))
        self.asked.append((user, "name" if kind == 3 else "ip", host, port))
        to = self.names.get(host, port if host == "127.0.0.1" else None)
        if what != 1 or to is None:
            client.sendall(b"\5\4\0\1" + bytes(6))
            return None
        peer = socket.create_connection(("127.0.0.1", to))
        client.sendall(b"\5\0\0\1" + bytes(6))
        return peer

    @staticmethod
    def _pump(a, b):
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    return
                (b if s is a else a).sendall(data)


__all__ = ["Socks"]
