"""The peers' own configuration files, all from one contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asked import GENERATE

from peers import contract

Json = Any
JSON_TYPE = {"Content-Type": "application/json"}


def write(folder: Path) -> None:
    """Write every peer's files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"path": GENERATE, "schema": contract.schema(), "answer": contract.answer()}
    _put(folder / "contract.json", whole)
    _put(folder / "openapi.json", contract.openapi())
    _put(folder / "wiremock" / "mappings" / "generate.json", {"mappings": wiremock()})
    _put(folder / "mockserver.json", mockserver())
    _put(folder / "mockoon.json", mockoon())
    image = contract.answer()["data"][0]
    _put(
        folder / "aimock.json",
        {"fixtures": [{"match": {"endpoint": "image"}, "response": {"image": image}}]},
    )


def wiremock() -> list[Json]:
    """A request that fits the schema is answered; the rest is refused."""
    asked = {"method": "POST", "urlPath": GENERATE}
    fits = {**asked, "bodyPatterns": [{"matchesJsonSchema": json.dumps(contract.schema())}]}
    return [
        {
            "priority": 1,
            "request": fits,
            "response": {"status": 200, "headers": JSON_TYPE, "jsonBody": contract.answer()},
        },
        {
            "priority": 9,
            "request": asked,
            "response": {"status": 400, "headers": JSON_TYPE, "jsonBody": contract.refusal()},
        },
    ]


def mockserver() -> list[Json]:
    """The same for MockServer."""
    asked = {"method": "POST", "path": GENERATE}
    headers = {name: [value] for name, value in JSON_TYPE.items()}
    fits = {**asked, "body": {"type": "JSON_SCHEMA", "jsonSchema": contract.schema()}}
    return [
        {
            "priority": 10,
            "httpRequest": fits,
            "httpResponse": {"statusCode": 200, "headers": headers, "body": json.dumps(contract.answer())},
        },
        {
            "priority": 0,
            "httpRequest": asked,
            "httpResponse": {"statusCode": 400, "headers": headers, "body": json.dumps(contract.refusal())},
        },
    ]


def mockoon() -> Json:
    """The same for Mockoon; its schema stands in a data bucket."""
    rule = {"target": "body", "modifier": "", "value": "asked", "invert": False}
    responses = [
        _response("r1", 200, contract.answer(), [{**rule, "operator": "valid_json_schema"}]),
        {**_response("r2", 400, contract.refusal(), []), "default": True},
    ]
    route = {
        "uuid": "route",
        "type": "http",
        "documentation": "",
        "method": "post",
        "endpoint": GENERATE.strip("/"),
        "responses": responses,
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
    }
    return {
        "uuid": "image-generation",
        "lastMigration": 33,
        "name": "image generation",
        "port": 3000,
        "hostname": "127.0.0.1",
        "endpointPrefix": "",
        "latency": 0,
        "folders": [],
        "routes": [route],
        "rootChildren": [{"type": "route", "uuid": "route"}],
        "proxyMode": False,
        "proxyHost": "",
        "proxyRemovePrefix": False,
        "tlsOptions": {"enabled": False, "type": "CERT", "pfxPath": "", "certPath": "", "keyPath": "",
                       "caPath": "", "passphrase": ""},
        "cors": True,
        "headers": [],
        "proxyReqHeaders": [],
        "proxyResHeaders": [],
        "data": [
            {"uuid": "bucket", "id": "asked", "name": "asked", "documentation": "",
             "value": json.dumps(contract.schema())}
        ],
        "callbacks": [],
    }  # fmt: skip


def _response(name: str, status: int, body: Json, rules: list[Json]) -> Json:
    return {
        "uuid": name,
        "body": json.dumps(body),
        "latency": 0,
        "statusCode": status,
        "label": "",
        "headers": [{"key": key, "value": value} for key, value in JSON_TYPE.items()],
        "bodyType": "INLINE",
        "filePath": "",
        "databucketID": "",
        "sendFileAsBody": False,
        "rules": rules,
        "rulesOperator": "OR",
        "disableTemplating": True,
        "fallbackTo404": False,
        "default": False,
        "crudKey": "id",
        "callbacks": [],
    }


def _put(path: Path, value: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), "utf-8")
