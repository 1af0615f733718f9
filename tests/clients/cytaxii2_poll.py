"""Cyware's cytaxii2: takes `default` and every URL as they stand, and reads JSON out of any answer."""

import json

from cytaxii2 import cytaxii2

from common import BASE, DISCOVERY, PASSWORD, USER, identifier, indicator

client = cytaxii2.cytaxii2(DISCOVERY, USER, PASSWORD)
assert client.discovery_request()["response"]["default"] == BASE + "/feeds/"
assert client.root_discovery()["response"]["title"] == "Root feeds"
collections = {c["title"]: c for c in client.collection_request()["response"]["collections"]}
private = collections["The private collection"]["id"]
assert client.collection_data_request(private)["response"] == collections["The private collection"]

empty = client.poll_request(private)
assert (empty["status_code"], empty["response"]) == (200, {"more": False})
sent = client.inbox_request(private, json.dumps({"type": "bundle", "id": identifier(1, "bundle"), "objects": [indicator(n) for n in range(5)]}))
assert sent["status_code"] == 202 and sent["response"]["success_count"] == 5, sent

first = client.poll_request(private, limit=3, added_after="2021-01-01T00:00:00Z", object_type="indicator")["response"]
rest = client.poll_request(private, limit=3, added_after="2021-01-01T00:00:00Z", object_type="indicator", next=first["next"])["response"]
assert [entry["id"] for entry in first["objects"] + rest["objects"]] == [identifier(n) for n in range(5)]
assert not rest["more"]
assert client.poll_request(private, object_id=identifier(2))["response"]["objects"] == [indicator(2)]

# Failures are JSON, too.
refused = cytaxii2.cytaxii2(DISCOVERY, USER, "wrong").discovery_request()
assert refused["status_code"] == 401 and refused["response"]["title"], refused
lost = client.poll_request("00000000-0000-4000-8000-000000000000")
assert lost["status_code"] == 404 and lost["response"]["http_status"] == "404", lost
old = cytaxii2.cytaxii2(DISCOVERY, USER, PASSWORD, version=2.0).discovery_request()
assert old["status_code"] == 406, old
