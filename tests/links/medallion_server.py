"""Serves medallion with one empty collection, and says where: medallion_server.py FOLDER COLLECTION USER PASSWORD"""

import json
import sys
from pathlib import Path

from medallion import load_app
from werkzeug.serving import make_server

folder, collection, user, password = Path(sys.argv[1]), *sys.argv[2:]
media_types = ["application/stix+json;version=2.1"]
about = {"title": "Foreign", "description": "", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 10485760}
held = {"id": collection, "title": "Foreign", "can_read": True, "can_write": True, "media_types": media_types, "objects": [], "manifest": []}
discovery = {"title": "Foreign", "default": "http://localhost/foreign/", "api_roots": ["http://localhost/foreign/"]}
data = {"/discovery": discovery, "foreign": {"information": about, "status": [], "collections": [held]}}
(folder / "data.json").write_text(json.dumps(data))
backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": str(folder / "data.json")}
config = {"backend": backend, "users": {user: password}, "taxii": {"max_page_size": 20}}
(folder / "medallion.json").write_text(json.dumps(config))
server = make_server("127.0.0.1", 0, load_app(str(folder / "medallion.json")))
print(f"http://127.0.0.1:{server.server_port}/foreign/collections/{collection}/", flush=True)
server.serve_forever()
