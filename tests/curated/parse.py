"""stix2.parse accepts every object without allowing custom content, and says the same when it writes it."""

import json

import stix2
from common import bundles, objects

for each in objects():
    parsed = stix2.parse(each, allow_custom=False, version="2.1")
    assert parsed["id"] == each["id"]
    assert not isinstance(parsed, dict), f"{each['id']} is of no type that stix2 knows"
    assert set(json.loads(parsed.serialize())) >= set(each), each["id"]
for path in bundles().values():
    stix2.parse(path.read_text(encoding="utf-8"), allow_custom=False)
