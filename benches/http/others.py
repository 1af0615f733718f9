"""Prepares another TAXII server to serve the objects of a file, and prints the path of its collection.

usage: others.py opentaxii|medallion FOLDER OBJECTS.json USER PASSWORD [POSTGRESQL-URL]

The folder gets what the server needs to start: a configuration and, for OpenTAXII, its databases.
"""

import datetime
import json
import os
import sys
import uuid
from pathlib import Path


def opentaxii(folder: Path, objects: list, user: str, password: str, url: str | None = None) -> str:
    url = url and url.replace("postgres://", "postgresql+psycopg://", 1)
    database = {"create_tables": True}
    config = {
        "domain": "localhost",
        "support_basic_auth": True,
        "auth_api": {
            "class": "opentaxii.auth.sqldb.SQLDatabaseAPI",
            "parameters": {"db_connection": url or f"sqlite:///{folder}/auth.db", "secret": "of no use to anybody", **database},
        },
        "taxii1": None,
        "taxii2": {
            "persistence_api": {
                "class": "opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI",
                "parameters": {"db_connection": url or f"sqlite:///{folder}/data.db", **database},
            },
            "max_content_length": 10485760,
            "default_pagination_limit": 1000,
        },
        "logging": {"opentaxii": "error", "root": "error"},
    }
    # JSON is YAML.
    (folder / "opentaxii.yml").write_text(json.dumps(config))
    os.environ["OPENTAXII_CONFIG"] = str(folder / "opentaxii.yml")
    from opentaxii.cli import app

    with app.app_context():
        app.taxii_server.auth.api.create_account(username=user, password=password, is_admin=True)
        store = app.taxii_server.servers.taxii2.persistence.api
        root = store.add_api_root(title="Bench", default=True)
        collection = store.add_collection(api_root_id=root.id, title="Bench", alias="bench")
        # The envelope's own way into the store; the door would only add its checks.
        store.add_objects(api_root_id=root.id, collection_id=collection.id, objects=objects)
    return f"/taxii2/{root.id}/collections/{collection.id}/objects/"


def medallion(folder: Path, objects: list, user: str, password: str) -> str:
    collection = str(uuid.uuid4())
    start = datetime.datetime(2021, 3, 2, tzinfo=datetime.timezone.utc)

    def record(at: int, it: dict) -> dict:
        added = (start + datetime.timedelta(milliseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"id": it["id"], "date_added": added, "version": it["modified"], "media_type": "application/stix+json;version=2.1"}

    about = {"title": "Bench", "description": "", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 10485760}
    held = {
        "id": collection,
        "title": "Bench",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": objects,
        "manifest": [record(at, it) for at, it in enumerate(objects)],
    }
    discovery = {"title": "Bench", "default": "http://localhost/bench/", "api_roots": ["http://localhost/bench/"]}
    data = {"/discovery": discovery, "bench": {"information": about, "status": [], "collections": [held]}}
    (folder / "data.json").write_text(json.dumps(data))
    backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": str(folder / "data.json")}
    config = {"backend": backend, "users": {user: password}, "taxii": {"max_page_size": 1000}}
    (folder / "medallion.json").write_text(json.dumps(config))
    return f"/bench/collections/{collection}/objects/"


if __name__ == "__main__":
    which, folder, objects, user, password, *url = sys.argv[1:]
    prepare = {"opentaxii": opentaxii, "medallion": medallion}[which]
    print(prepare(Path(folder).resolve(), json.loads(Path(objects).read_text())["objects"], user, password, *url))
