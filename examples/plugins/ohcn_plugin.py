"""What a plug-in needs to talk to a node: a token and the local API.

Python's standard library alone. The API is described in node/API.md; the
token comes from `ohcn token add NAME --scope ...` and its scopes are all that
a plug-in may do."""
import http.client
import json
import socket


class Refused(Exception):
    """The node said no: .status, and .problem as it said it."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status, self.problem = status, problem


class _Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host_path)


class Node:
    """${api}: "127.0.0.1:4142", or the path of the API's Unix socket."""

    def __init__(self, api, token_file):
        self.api = api
        with open(token_file) as f:
            self.token = f.read().strip()

    def _ask(self, method, path, body=None, timeout=60):
        if "/" in self.api:
            c = _Unix("localhost", timeout=timeout)
            c.host_path = self.api
        else:
            c = http.client.HTTPConnection(self.api, timeout=timeout)
        c.request(method, "/api/v1" + path, None if body is None else json.dumps(body), {
            "Authorization": f"Bearer {self.token}", "X-OHCN": "1"})
        return c.getresponse()

    def call(self, method, path, body=None):
        answer = self._ask(method, path, body)
        said = json.loads(answer.read())
        if answer.status >= 400:
            raise Refused(answer.status, said)
        return said

    def events(self, *types):
        """(type, data) as they come; ends with the node or the token."""
        kind = None
        for line in self._ask("GET", "/events?types=" + ",".join(types), timeout=None):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)
