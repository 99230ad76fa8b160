#!/usr/bin/env python3
"""A course provider: publishes a catalogue, and hears what is asked for.

  ohcn token add school --scope read,course > school.token
  ./course_provider.py 127.0.0.1:4142 school.token courses.json [--watch]

Doing it again renews what has changed (external_id says which is which) and
withdraws what has left the catalogue. People are seen as cards alone, as
everybody sees them. --watch tells of each new demand for a skill that the
catalogue does not teach."""
import json
import sys

from ohcn_plugin import Node

node = Node(sys.argv[1], sys.argv[2])
with open(sys.argv[3]) as f:
    catalogue = json.load(f)

there = {c["external_id"] for c in node.call("GET", "/courses")["courses"]}
for course in catalogue:
    done = node.call("POST", "/courses", {"course": course})
    print(done["state"], course["external_id"], flush=True)
for gone in sorted(there - {c["external_id"] for c in catalogue} - {None}):
    node.call("POST", f"/courses/{gone}/close", {})
    print("withdrawn", gone, flush=True)
cards = node.call("GET", "/records?kind=profile&limit=100")["records"]
print("cards", len(cards), flush=True)

taught = {t["term"] for c in node.call("GET", "/courses")["courses"]
          for t in c["payload"]["teaches"]}
for _, event in node.events("record") if "--watch" in sys.argv else ():
    if event["kind"] != "demand" or event["deleted"]:
        continue
    demand = node.call("GET", f"/records/{event['id']}")["payload"]
    for skill in demand.get("requirements", []):
        if skill["term"] not in taught:
            print("wanted", skill["label"] or skill["term"], flush=True)
