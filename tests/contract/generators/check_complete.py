"""Checks that a generated client has every operation and every object type of the document."""

import pathlib
import re
import sys

from ruamel.yaml import YAML

# For each generator: the extension of its files, and the patterns of an operation and of a type.
GENERATORS = {
    "openapi-typescript": (".ts", r"    {snake}: \{{", r"        {type}: \{{"),
    "typescript": (".ts", r"async {camel}\(", r"export (interface|type) {type}\b"),
    "rust": (".rs", r"pub async fn {snake}\(", r"pub (struct|enum) {type}\b"),
    "go": (".go", r"\) {pascal}\(", r"type {type} struct"),
    "python": (".py", r"^# {snake}$", r"class {type}\b"),
}


def main(document, generator, folder):
    document = YAML(typ="safe").load(pathlib.Path(document))
    extension, operation_pattern, type_pattern = GENERATORS[generator]
    files = list(pathlib.Path(folder).rglob("*" + extension))
    # The file names are included because a Python client has a module for each operation.
    text = "\n".join(f"# {file.stem}\n{file.read_text()}" for file in files)
    missing = []
    for path in document["paths"].values():
        for operation in path.values():
            if "operationId" in operation:
                snake = operation["operationId"]
                pascal = "".join(word.capitalize() for word in snake.split("_"))
                names = {"snake": snake, "pascal": pascal, "camel": pascal[0].lower() + pascal[1:]}
                missing += [snake] if not re.search(operation_pattern.format(**names), text, re.M) else []
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and not re.search(type_pattern.format(type=name), text, re.M):
            missing.append(name)
    if missing:
        sys.exit(f"{generator}: missing {', '.join(missing)}")


main(*sys.argv[1:])
