"""A check of JSON against a schema file of node/api/schema: the part of JSON
Schema 2020-12 that they use, and nothing else: an unknown keyword is an
error, so that no rule is passed over in silence."""
import json
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[2] / "node" / "api" / "schema"
NOTES = {"$schema", "$id", "title", "description", "$defs"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "null": type(None)}


def is_type(value, name):
    if name == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[name])


def faults(value, schema, root, at="$"):
    """What is wrong with ${value}, each as a text; [] if nothing."""
    out = []
    for key, rule in schema.items():
        if key in NOTES:
            continue
        if key == "$ref":
            assert rule.startswith("#/$defs/"), rule
            out += faults(value, root["$defs"][rule[8:]], root, at)
        elif key == "type":
            names = rule if isinstance(rule, list) else [rule]
            if not any(is_type(value, n) for n in names):
                return [f"{at}: is {type(value).__name__}, not {rule}"]
        elif key == "enum":
            if value not in rule:
                out.append(f"{at}: {value!r} is none of {rule}")
        elif key == "anyOf":
            tries = [faults(value, r, root, at) for r in rule]
            if all(tries):
                out += min(tries, key=len)
        elif key == "minimum":
            if is_type(value, "integer") and value < rule:
                out.append(f"{at}: {value} is below {rule}")
        elif key == "maximum":
            if is_type(value, "integer") and value > rule:
                out.append(f"{at}: {value} is above {rule}")
        elif key == "properties":
            if isinstance(value, dict):
                for name, inner in rule.items():
                    if name in value:
                        out += faults(value[name], inner, root, f"{at}.{name}")
        elif key == "required":
            if isinstance(value, dict):
                out += [f"{at}: {n} is missing" for n in rule if n not in value]
        elif key == "additionalProperties":
            if isinstance(value, dict):
                known = schema.get("properties", {})
                for name in value.keys() - known.keys():
                    if rule is False:
                        out.append(f"{at}: {name} is not in the schema")
                    elif isinstance(rule, dict):
                        out += faults(value[name], rule, root, f"{at}.{name}")
        elif key == "items":
            if isinstance(value, list):
                for i, v in enumerate(value):
                    out += faults(v, rule, root, f"{at}[{i}]")
        else:
            raise ValueError(f"{at}: the schema says {key}, which is not checked here")
    return out


def check(value, name, part):
    """Faults of ${value} by one of the $defs of the schema file ${name}."""
    root = json.loads((DIRECTORY / f"{name}.json").read_text())
    return faults(value, root["$defs"][part], root)
