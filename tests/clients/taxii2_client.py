"""taxii2-client: everything that its Server, ApiRoot, Collection and Status can do."""

from datetime import datetime, timezone

import requests
from taxii2client.common import TokenAuth
from taxii2client.exceptions import TAXIIServiceException
from taxii2client.v21 import ApiRoot, Collection, Server, Status, as_pages

from common import BASE, CREATED, DISCOVERY, PASSWORD, USER, fails, identifier, indicator

LATER = "2021-03-05T00:00:00.000Z"


def find(root, title):
    return next(collection for collection in root.collections if collection.title == title)


server = Server(DISCOVERY, user=USER, password=PASSWORD)
assert server.title == "Taxiway under test" and server.contact == "tests@example.org"
assert server.default.url == BASE + "/feeds/"
assert [root.title for root in server.api_roots] == ["Root feeds", "Root partners"]

root = server.default
assert root.versions == ["application/taxii+json;version=2.1"] and root.max_content_length > 0
public, private = find(root, "The public collection"), find(root, "The private collection")
assert private.can_read and private.can_write and private.media_types == ["application/stix+json;version=2.1"]

# An empty collection is an empty envelope.
assert private.get_objects() == {"more": False}
assert [page for page in as_pages(private.get_manifest, per_request=5)] == [{"more": False}]

# Adding: the status of the answer, and the same read again.
status = private.add_objects({"objects": [indicator(n) for n in range(45)] + [{"type": "indicator", "id": "wrong"}]}, wait_for_completion=True)
assert status and (status.success_count, status.failure_count, status.total_count) == (45, 1, 46), status._raw
assert status.failures[0]["id"] == "wrong" and status.failures[0]["message"]
again = Status(BASE + "/feeds/status/" + status.id, user=USER, password=PASSWORD)
assert again._raw == status._raw
private.add_objects({"objects": [indicator(0, LATER)]})

# Pages of objects and of the manifest, also of a size that the server does not give.
for size in (7, 45, 5000):
    for function in (private.get_objects, private.get_manifest):
        seen = [entry["id"] for page in as_pages(function, per_request=size) for entry in page["objects"]]
        assert seen == [identifier(n) for n in list(range(1, 45)) + [0]], (size, function, seen)
filtered = [entry for page in as_pages(private.get_objects, per_request=2, version="all", id=[identifier(0), identifier(3)]) for entry in page["objects"]]
assert [(entry["id"], entry["modified"]) for entry in filtered] == [(identifier(0), CREATED), (identifier(3), CREATED), (identifier(0), LATER)]

# `added_after` as text and as a datetime, whose zeros the client strips.
stamps = [entry["date_added"] for page in as_pages(private.get_manifest, per_request=50) for entry in page["objects"]]
assert len(private.get_objects(added_after=stamps[-3])["objects"]) == 2
moment = datetime.strptime(stamps[-3], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
assert len(private.get_objects(added_after=moment)["objects"]) == 2
assert private.get_objects(added_after=stamps[-1]) == {"more": False}

# One object, its versions, and their end.
assert private.get_object(identifier(0))["objects"] == [indicator(0, LATER)]
assert private.get_object(identifier(0), version="first")["objects"] == [indicator(0)]
assert private.object_versions(identifier(0))["versions"] == [CREATED, LATER]
private.delete_object(identifier(0), version=LATER)
assert private.object_versions(identifier(0))["versions"] == [CREATED]
private.delete_object(identifier(0))
error = fails(requests.HTTPError, private.get_object, identifier(0))
assert error.response.status_code == 404 and error.response.json()["http_status"] == "404"

# A collection by its own URL, a token, and what goes wrong.
one = Collection(BASE + "/feeds/collections/%s/" % private.id, user=USER, password=PASSWORD)
assert one.title == private.title
assert fails(requests.HTTPError, one.get_objects, version="newest").response.status_code == 400
fails(TAXIIServiceException, lambda: find(root, "The inbox collection").get_objects())
assert fails(requests.HTTPError, lambda: ApiRoot(BASE + "/nothing/", user=USER, password=PASSWORD).title).response.status_code == 404
assert fails(requests.HTTPError, lambda: Server(DISCOVERY, user=USER, password="wrong").title).response.status_code == 401
assert fails(requests.HTTPError, lambda: Server(DISCOVERY, auth=TokenAuth("wrong")).title).response.status_code == 401
anonymous = Server(DISCOVERY)
assert [collection.title for collection in anonymous.default.collections] == ["The public collection"]
