"""The one endpoint every peer serves, from the spec: as OpenAPI, as JSON Schema, and an answer."""

from __future__ import annotations

from typing import Any

from asked import GENERATE, model

Json = Any
SIZE = model().params["size"]
N = model().params["n"].base.range
SEED = model().params["seed"].base.range


def schema() -> Json:
    """The JSON Schema of a request: the model's sizes, counts and seeds."""
    return {
        "type": "object",
        "required": ["model", "prompt"],
        "properties": {
            "model": {"type": "string", "enum": [model().id]},
            "prompt": {"type": "string", "minLength": 1},
            "size": {"type": "string", "enum": sizes()},
            "n": bounds(N),
            "seed": bounds(SEED),
            "response_format": {"type": "string", "enum": ["url", "b64_json"]},
            "watermark": {"type": "boolean"},
            "prompt_extend": {"type": "boolean"},
            "negative_prompt": {"type": "string", "maxLength": 500},
        },
    }


def sizes() -> list[str]:
    """The sizes the spec lists for the model."""
    return [size.spell(SIZE.separator) for size in sorted(SIZE.base.grants[0].presets)]


def bounds(range_: Any) -> Json:
    """An integer's schema."""
    return {"type": "integer", "minimum": range_.value[0], "maximum": range_.value[1]}


def answer() -> Json:
    """An answer about as long as the mock's."""
    address = (
        "http://127.0.0.1:8000/pictures/20261120/" + "x" * 300 + ".png?Expires=1795276800&Signature=abcdef"
    )
    return {"created": 1795190319, "data": [{"url": address}]}


def refusal() -> Json:
    """An error in the shape of OpenAI's."""
    words = {"message": "invalid request", "type": "invalid_request_error", "param": None, "code": None}
    return {"error": words}


def openapi() -> Json:
    """The endpoint as an OpenAPI document."""
    one = {"type": "object", "properties": {"url": {"type": "string"}}}
    shape = {
        "type": "object",
        "properties": {"created": {"type": "integer"}, "data": {"type": "array", "items": one}},
    }

    def told(content: Json, words: str) -> Json:
        return {"description": words, "content": {"application/json": {"schema": shape, "example": content}}}

    return {
        "openapi": "3.0.3",
        "info": {"title": "image generation", "version": "1"},
        "paths": {
            GENERATE: {
                "post": {
                    "operationId": "generate",
                    "security": [{"bearer": []}],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": schema()}}},
                    "responses": {
                        "200": told(answer(), "pictures"),
                        "400": {
                            "description": "refused",
                            "content": {
                                "application/json": {"schema": {"type": "object"}, "example": refusal()}
                            },
                        },
                    },
                }
            }
        },
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
