"""Calls every operation of a mock with its examples, reads every page of each list, and polls each feed."""

import base64
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

from ruamel.yaml import YAML

AUTHORIZATION = "Basic " + base64.b64encode(b"app:secret").decode()
# More pages than any example has: a longer list is assumed to be endless.
MAX_PAGES = 10
POLLS = 3


class Mock:
    def __init__(self, document, url):
        self.document = YAML(typ="safe").load(pathlib.Path(document))
        self.url = url

    def resolve(self, node):
        """Follows `$ref` to the object that it refers to."""
        while "$ref" in node:
            target = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def operations(self):
        for path, methods in self.document["paths"].items():
            shared = methods.get("parameters", [])
            for method, operation in methods.items():
                if method != "parameters":
                    parameters = [self.resolve(parameter) for parameter in shared + operation.get("parameters", [])]
                    body = self.resolve(operation.get("requestBody", {}))
                    yield operation["operationId"], method.upper(), path, parameters, body

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
        """Sends a request with the examples of its parameters. Query parameters are sent if required or overridden."""
        query, headers = {}, {}
        for parameter in parameters:
            example, name = parameter.get("example"), parameter["name"]
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", urllib.parse.quote(str(example), safe=""))
            elif parameter["in"] == "header" and name in ("Idempotency-Key", "Content-Disposition"):
                headers[name] = str(example)
            elif parameter["in"] == "query" and (name in overrides or parameter.get("required")):
                query[name] = overrides.get(name, example)
        headers |= overrides.get("headers", {})
        return self.send(method, path, query, headers, overrides.get("body"))


def bodies(body, mock):
    """Yields every request body to send: each example with each media type that the document allows."""
    for media_type, content in body.get("content", {}).items():
        # `*/*` accepts any media type.
        media_type = "text/plain" if media_type == "*/*" else media_type
        if media_type != "application/json":
            yield media_type, b"bytes"
            continue
        examples = [content["example"]] if "example" in content else []
        examples += [mock.resolve(example)["value"] for example in content.get("examples", {}).values()]
        for example in examples:
            yield media_type, json.dumps(example).encode()
    if not body:
        yield None, None


def check(condition, *details):
    if not condition:
        raise SystemExit(" ".join(str(detail) for detail in details))


def decode_page(response, name):
    status, media_type, body = response
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
        names = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        if method == "GET" and "limit" in names:
            cursor, pages = {}, 0
            while cursor is not None:
                page = decode_page(mock.call(method, path, parameters, **cursor), name)
                check(isinstance(page["items"], list), name, page)
                next_cursor = page.get("next_cursor")
                check(next_cursor is None or isinstance(next_cursor, str), name, next_cursor)
                cursor, pages = ({"cursor": next_cursor} if next_cursor else None), pages + 1
                check(pages < MAX_PAGES, name, "endless list")
            counts["lists"] += 1
        if method == "GET" and "wait" in names:
            cursor = {}
            for _ in range(POLLS):
                batch = decode_page(mock.call(method, path, parameters, **cursor), name)
                check(isinstance(batch["cursor"], str) and batch["cursor"], name, batch)
                # A batch that is not empty has to advance the cursor.
                check(not batch["items"] or batch["cursor"] != cursor.get("cursor"), name, "cursor does not advance")
                cursor = {"cursor": batch["cursor"], "wait": 1}
            counts["feeds"] += 1
    print(", ".join(f"{count} {name}" for name, count in counts.items()))


main(*sys.argv[1:])
