"""Compares two outcome files of parity.py and prints every difference.

    python compare.py mlflow.json candor.json [--no-known]

Error messages are not compared. A step listed in known_differences.json must have exactly the
outcome `better` on the second side, and on the first still the outcome `mlflow`, another one.
"""

import argparse
import json
import pathlib
import sys

KNOWN = pathlib.Path(__file__).with_name("known_differences.json")
ABSENT = "<absent>"


def strip_messages(outcome):
    error = outcome.get("error")
    if isinstance(error, dict):
        return {"error": {k: v for k, v in error.items() if k != "message"}}
    return outcome


def differences(left, right, path=""):
    """Every (path, left, right) that differs; 1, 1.0 and true are three different values."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in list(left) + [k for k in right if k not in left]:
            deeper = f"{path}.{key}" if path else key
            yield from differences(left.get(key, ABSENT), right.get(key, ABSENT), deeper)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield (f"{path}.length", len(left), len(right))
        for index, (a, b) in enumerate(zip(left, right)):
            yield from differences(a, b, f"{path}[{index}]")
    elif type(left) is not type(right) or repr(left) != repr(right):
        yield (path, left, right)


def show(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:297] + "..."


def message_of(outcome):
    error = outcome.get("error")
    return f"  ({error['message']})" if isinstance(error, dict) and error.get("message") else ""


def compare(mlflow, candor, known):
    """The printable differences."""
    for name in known:
        if name not in mlflow and name not in candor:
            yield f"{name}: listed as a known difference, but there is no such step"
    for name in list(mlflow) + [n for n in candor if n not in mlflow]:
        if name not in mlflow or name not in candor:
            missing = "mlflow" if name not in mlflow else "candor"
            yield f"{name}: step missing on the {missing} side"
            continue
        left, right = strip_messages(mlflow[name]), strip_messages(candor[name])
        entry = known.get(name)
        if entry is None:
            for path, a, b in differences(left, right):
                notes = message_of(mlflow[name]) + message_of(candor[name])
                yield f"{name}: {path}: mlflow={show(a)} candor={show(b)}{notes}"
            continue
        if not list(differences(left, entry["better"])):
            yield f"{name}: listed as a known difference, but mlflow already answers as wanted"
        for path, a, b in differences(entry["mlflow"], left):
            yield f"{name}: {path}: listed={show(a)} mlflow={show(b)}"
        for path, a, b in differences(entry["better"], right):
            yield f"{name}: {path}: wanted={show(a)} candor={show(b)}{message_of(candor[name])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mlflow")
    parser.add_argument("candor")
    parser.add_argument("--no-known", action="store_true", help="ignore known_differences.json")
    options = parser.parse_args()
    mlflow = json.loads(pathlib.Path(options.mlflow).read_text(encoding="utf-8"))
    candor = json.loads(pathlib.Path(options.candor).read_text(encoding="utf-8"))
    known = {} if options.no_known else json.loads(KNOWN.read_text(encoding="utf-8"))
    found = list(compare(mlflow, candor, known))
    for line in found:
        print(line)
    steps = len(set(mlflow) | set(candor))
    print(f"{steps} steps compared, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
