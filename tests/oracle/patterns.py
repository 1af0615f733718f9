"""What the OASIS validator says of patterns: a JSON string a line in, a JSON object a line out.

The answer is {"errors": [...]}, empty for a valid pattern, or {"crash": "..."} where the validator itself fails.
With the argument `cases`, the patterns that the validator's own tests try are written instead, a JSON string a line.
"""

import ast
import json
import pathlib
import sys

import stix2patterns
from stix2patterns.validator import run_validator


def verdict(pattern):
    try:
        return {"errors": run_validator(pattern, "2.1")}
    except Exception as error:  # whatever it is, it is no verdict
        return {"crash": repr(error)}


def cases():
    """The tests come with the package, but need more than the package to run: only their lists are read."""
    tests = pathlib.Path(stix2patterns.__file__).parent / "test" / "v21" / "test_validator.py"
    for statement in ast.parse(tests.read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id.endswith(("PASS_CASES", "FAIL_CASES")):
            for case in ast.literal_eval(statement.value):
                yield case if isinstance(case, str) else case[0]


if sys.argv[1:] == ["cases"]:
    for case in cases():
        print(json.dumps(case))
else:
    for line in sys.stdin:
        print(json.dumps(verdict(json.loads(line))), flush=True)
