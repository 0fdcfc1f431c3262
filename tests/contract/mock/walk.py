"""Asks a mock of the document for everything: each operation with its examples, each list page by page, each feed."""

import base64
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

from ruamel.yaml import YAML

AUTHORIZATION = "Basic " + base64.b64encode(b"app:secret").decode()
# More pages than any example has: a list that is longer has no end.
MOST_PAGES = 10
POLLS = 3


class Mock:
    def __init__(self, document, url):
        self.document = YAML(typ="safe").load(pathlib.Path(document))
        self.url = url

    def resolved(self, it):
        while "$ref" in it:
            place = self.document
            for name in it["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            it = place
        return it

    def operations(self):
        for path, methods in self.document["paths"].items():
            shared = methods.get("parameters", [])
            for method, it in methods.items():
                if method != "parameters":
                    parameters = [self.resolved(one) for one in shared + it.get("parameters", [])]
                    yield it["operationId"], method.upper(), path, parameters, self.resolved(it.get("requestBody", {}))

    def send(self, method, path, query=None, headers=None, body=None):
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": AUTHORIZATION, **(headers or {})}
        request = urllib.request.Request(url, method=method, headers=headers, data=body)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, response.headers.get_content_type(), response.read()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def call(self, method, path, parameters, **overrides):
        """One request, with the examples of its parameters; a query parameter is sent if it is required or given."""
        query, headers = {}, {}
        for it in parameters:
            example, name = it.get("example"), it["name"]
            if it["in"] == "path":
                path = path.replace("{" + name + "}", urllib.parse.quote(str(example), safe=""))
            elif it["in"] == "header" and name in ("Idempotency-Key", "Content-Disposition"):
                headers[name] = str(example)
            elif it["in"] == "query" and (name in overrides or it.get("required")):
                query[name] = overrides.get(name, example)
        headers |= overrides.get("headers", {})
        return self.send(method, path, query, headers, overrides.get("body"))


def bodies(body, mock):
    """Every body that a client sends: each example, under each media type that it may have."""
    for media_type, content in body.get("content", {}).items():
        # Any media type means any.
        media_type = "text/plain" if media_type == "*/*" else media_type
        if media_type != "application/json":
            yield media_type, b"bytes"
            continue
        examples = [content["example"]] if "example" in content else []
        examples += [mock.resolved(it)["value"] for it in content.get("examples", {}).values()]
        for example in examples:
            yield media_type, json.dumps(example).encode()
    if not body:
        yield None, None


def check(is_so, *what):
    if not is_so:
        raise SystemExit(" ".join(str(it) for it in what))


def page(answer, name):
    status, media_type, body = answer
    check((status, media_type) == (200, "application/json"), name, status, media_type)
    return json.loads(body)


def main(document, url):
    mock = Mock(document, url)
    counts = {"operations": 0, "lists": 0, "feeds": 0}
    for name, method, path, parameters, body in mock.operations():
        for media_type, content in bodies(body, mock):
            headers = {"Content-Type": media_type} if media_type else {}
            status, _, _ = mock.call(method, path, parameters, headers=headers, body=content)
            check(200 <= status < 300, name, status)
        counts["operations"] += 1
        names = {it["name"] for it in parameters if it["in"] == "query"}
        if method == "GET" and "limit" in names:
            cursor, pages = {}, 0
            while cursor is not None:
                it = page(mock.call(method, path, parameters, **cursor), name)
                check(isinstance(it["items"], list), name, it)
                after = it.get("next_cursor")
                check(after is None or isinstance(after, str), name, after)
                cursor, pages = ({"cursor": after} if after else None), pages + 1
                check(pages < MOST_PAGES, name, "never ends")
            counts["lists"] += 1
        if method == "GET" and "wait" in names:
            cursor = {}
            for _ in range(POLLS):
                it = page(mock.call(method, path, parameters, **cursor), name)
                check(isinstance(it["cursor"], str) and it["cursor"], name, it)
                # A batch has to move the cursor that it was asked for, or be empty.
                check(not it["items"] or it["cursor"] != cursor.get("cursor"), name, "does not move")
                cursor = {"cursor": it["cursor"], "wait": 1}
            counts["feeds"] += 1
    print(", ".join(f"{count} {what}" for what, count in counts.items()))


main(*sys.argv[1:])
