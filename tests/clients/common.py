"""What the scripts share: where the server is, and objects to send. Usage: SCRIPT BASE_URL USER PASSWORD"""

import sys

BASE, USER, PASSWORD = sys.argv[1:4]
DISCOVERY = BASE + "/taxii2/"
CREATED = "2021-03-02T00:00:00.000Z"


def identifier(number, kind="indicator"):
    return "%s--5a4d7b1e-0000-4000-8000-%012x" % (kind, number)


def indicator(number, modified=CREATED):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": identifier(number),
        "created": CREATED,
        "modified": modified,
        "name": "sample %d" % number,
        "indicator_types": ["malicious-activity"],
        "pattern": "[domain-name:value = 'n%d.example.com']" % number,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": CREATED,
    }


def fails(error, call, *args, **kwargs):
    """The error that a call must raise."""
    try:
        call(*args, **kwargs)
    except error as raised:
        return raised
    raise AssertionError("%s raised no %s" % (call, error))
