#!/usr/bin/env python3
"""An external assessor: publishes an exam and signs what it found.

  ohcn token add exam --scope read,assess > exam.token
  ./assessor.py 127.0.0.1:4142 exam.token exam.json 8000

People see the exam in `ohcn assess list`, take it at its address, and give
the signed result to their own node: `ohcn assess import-result FILE`. Nobody
else learns of it. GET / shows the questions; POST / takes {"person": did,
"answers": [number of the option, ...]} and answers {"result": ...}."""
import http.server
import json
import sys

from ohcn_plugin import Node, Refused

api, token_file, exam_file, port = sys.argv[1:]
node = Node(api, token_file)
with open(exam_file) as f:
    exam = json.load(f)
server = http.server.HTTPServer(("127.0.0.1", int(port)), None)
node.call("POST", "/assessments", {"assessment": {
    "title": exam["title"], "external_id": exam["id"],
    "measures": [{"term": exam["term"], "to": exam["to"]}],
    "external": {"url": f"http://127.0.0.1:{server.server_port}/",
                 "key": node.call("GET", "/status")["did"]}}})


def graded(said):
    """The level that the answers show, signed by the node for that person."""
    right = sum(given == q["right"] for given, q in
                zip(said["answers"], exam["questions"]))
    return node.call("POST", f"/assessments/{exam['id']}/sign", {
        "person": said["person"], "days": 180, "levels": [{
            "term": exam["term"], "confidence": 800,
            "level": exam["to"] * right // len(exam["questions"])}]})


class Exam(http.server.BaseHTTPRequestHandler):
    def reply(self, status, value):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def do_GET(self):
        self.reply(200, [{"prompt": q["prompt"], "options": q["options"]}
                         for q in exam["questions"]])

    def do_POST(self):
        try:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.reply(200, {"result": graded(said)["result"]})
        except Refused as e:
            self.reply(422, e.problem)
        except (KeyError, TypeError, ValueError):
            self.reply(400, {"detail": "person and answers are needed"})


server.RequestHandlerClass = Exam
print(f"exam at http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
