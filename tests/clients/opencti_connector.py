"""OpenCTI's TAXII 2 connector: as it polls (its `next` survives runs and collections, its cursor is its own clock in whole seconds)."""

from taxii2client.v21 import Collection, Server

from common import DISCOVERY, PASSWORD, USER, identifier, indicator


def poll(collection, filters):
    """`Taxii2.poll` of the connector: `added_after` goes when `next` comes, and `next` is never cleared."""
    seen = []
    response = collection.get_objects(**filters)
    seen += response.get("objects", [])
    while response.get("more", False):
        filters["next"] = response.get("next", "")
        if "added_after" in filters:
            filters.pop("added_after")
        response = collection.get_objects(**filters)
        seen += response.get("objects", [])
    return [entry["id"] for entry in seen]


root = Server(DISCOVERY, user=USER, password=PASSWORD).default
by_title = {collection.title: collection for collection in root.collections}
private, public = by_title["The private collection"], by_title["The public collection"]
private.add_objects({"objects": [indicator(n) for n in range(5)]})
public.add_objects({"objects": [indicator(n) for n in range(10, 15)]})

filters = {"limit": 2, "added_after": "2024-05-01T00:00:00.000000Z"}
assert poll(private, filters) == [identifier(n) for n in range(5)]
assert "next" in filters
# The next collection is asked with the `next` of the one before it, and gives everything all the same.
filters["added_after"] = "2024-05-01T00:00:00.000000Z"
assert poll(public, filters) == [identifier(n) for n in range(10, 15)]

# A later run: an old `next` of the same collection and a newer `added_after`.
private.add_objects({"objects": [indicator(n) for n in range(5, 8)]})
stale = private.get_objects(limit=2)["next"]
last = private.get_manifest(limit=5)["objects"][-1]["date_added"]
assert poll(private, {"limit": 2, "next": stale, "added_after": last}) == [identifier(n) for n in range(5, 8)]

# Without the right to read, the answer is one that the client understands.
inbox = by_title["The inbox collection"]
assert isinstance(inbox, Collection) and not inbox.can_read and inbox.can_write
