"""Gathers one batch of each feed from the sandbox, and the document's example of an unknown kind, as JSON files."""

import base64
import json
import os
import pathlib
import sys
import urllib.request

from ruamel.yaml import YAML

URL = os.environ["TEAMWIRE_URL"].rstrip("/")
LOGIN = base64.b64encode(f"{os.environ['TEAMWIRE_APP_ID']}:{os.environ['TEAMWIRE_SECRET']}".encode()).decode()


def send(method, path, body=None):
    request = urllib.request.Request(URL + "/v1" + path, method=method)
    request.add_header("Authorization", "Basic " + LOGIN)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def main(document, folder):
    chat = "/chats/" + send("GET", "/chats")["items"][0]["tid"]
    messages = send("GET", chat + "/messages/updates")["cursor"]
    reactions = send("PUT", "/reactions/subscriptions")
    locations = send("PUT", chat + "/location/subscriptions")

    live = {"kind": "live_location", "initial_lat": 1.0, "initial_lon": 2.0, "duration": 900}
    posted = send("POST", chat + "/messages", {"msg": "Hello", "alert_type": "alert", "attachments": [live]})
    send("POST", f"{chat}/messages/{posted['mid']}/reactions", {"reaction_type": "ok"})

    def poll(path, subscription):
        own = f"&subscription={subscription['id']}" if "id" in subscription else ""
        return send("GET", f"{path}/updates?cursor={subscription['cursor']}{own}")

    batches = {
        "message": poll(chat + "/messages", {"cursor": messages}),
        "reaction": poll("/reactions", reactions),
        "location": poll(chat + "/location", locations),
    }
    examples = YAML(typ="safe").load(pathlib.Path(document))["components"]["examples"]
    batches["unknown"] = examples["UnknownUpdates"]["value"]
    for kind, batch in batches.items():
        assert batch["items"], f"the feed of {kind} events has none"
        pathlib.Path(folder, kind + ".json").write_text(json.dumps(batch))


main(*sys.argv[1:])
