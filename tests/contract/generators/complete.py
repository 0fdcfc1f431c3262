"""Checks that a generated client has every operation and every object type of the document."""

import pathlib
import re
import sys

from ruamel.yaml import YAML

# How each language names an operation and a type, and in which files.
LANGUAGES = {
    "openapi-typescript": (".ts", r"    {snake}: \{{", r"        {type}: \{{"),
    "typescript": (".ts", r"async {camel}\(", r"export (interface|type) {type}\b"),
    "rust": (".rs", r"pub async fn {snake}\(", r"pub (struct|enum) {type}\b"),
    "go": (".go", r"\) {pascal}\(", r"type {type} struct"),
    "python": (".py", r"^# {snake}$", r"class {type}\b"),
}


def main(document, language, folder):
    document = YAML(typ="safe").load(pathlib.Path(document))
    ending, operation, kind = LANGUAGES[language]
    files = list(pathlib.Path(folder).rglob("*" + ending))
    # A Python client has a module for each operation.
    text = "\n".join(f"# {it.stem}\n{it.read_text()}" for it in files)
    missing = []
    for path in document["paths"].values():
        for it in path.values():
            if "operationId" in it:
                snake = it["operationId"]
                pascal = "".join(word.capitalize() for word in snake.split("_"))
                names = {"snake": snake, "pascal": pascal, "camel": pascal[0].lower() + pascal[1:]}
                missing += [snake] if not re.search(operation.format(**names), text, re.M) else []
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and not re.search(kind.format(type=name), text, re.M):
            missing.append(name)
    if missing:
        sys.exit(f"{language} lacks {', '.join(missing)}")


main(*sys.argv[1:])
