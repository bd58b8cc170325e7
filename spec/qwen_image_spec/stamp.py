"""Write the provenance onto every fact of a provider document, so that documents can be merged without mixing sources.

A `source:` in the data holds for everything below it until another one stands nearer. After stamping, every fact is
in its long form `{value, source, evidence, dispute, note}`.
"""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]
FACETS = ("supported", "required", "default", "range", "enum", "length", "beyond", "effective")
_MARKS = ("source", "evidence", "dispute", "note")


def stamp(document: Data) -> Data:
    """The document with the nearest source on every fact."""
    source = str(document.get("source", ""))
    stamped = dict(document)
    for section in ("facts", "limits", "lifetimes"):
        stamped[section] = facts(document.get(section), source)
    stamped["endpoints"] = {
        key: value and _marked(value, source) for key, value in _items(document, "endpoints")
    }
    stamped["responses"] = {
        key: value and _response(value, source) for key, value in _items(document, "responses")
    }
    if "errors" in document:
        stamped["errors"] = _errors(document["errors"], source)
    if "rules" in document:
        stamped["rules"] = [_rule(rule, source) for rule in document["rules"]]
    stamped["parameters"] = parameters(document.get("parameters"), source)
    stamped["families"] = {
        key: value and _family(value, source) for key, value in _items(document, "families")
    }
    return stamped


def fact(value: Any, source: str, evidence: str | None = None) -> Data:
    """The long form of one fact."""
    long = dict(value) if isinstance(value, dict) and "value" in value else {"value": value}
    long.setdefault("source", source)
    if evidence is not None and long["source"] == source:
        long.setdefault("evidence", evidence)
    return long


def facts(section: Data | None, source: str) -> Data:
    """The long form of a mapping of facts."""
    return {key: None if value is None else fact(value, source) for key, value in (section or {}).items()}


def parameters(section: Data | None, source: str) -> Data:
    """Every parameter with its facets in long form; `no` and `unknown` stand for a parameter that is not supported."""
    return {name: _parameter(value, source) for name, value in (section or {}).items()}


def _parameter(value: Any, source: str) -> Any:
    if value is None:
        return None
    if value is False or value == "unsupported":
        value = {"supported": False}
    near = value.get("source", source)
    stamped = {key: inner for key, inner in value.items() if key not in _MARKS and key not in FACETS}
    marks = {key: value[key] for key in ("dispute", "note") if key in value}
    stamped.update({key: {**marks, **long} for key, long in facets(value, near).items()})
    if "cases" in value:
        stamped["cases"] = [
            {**_plain(case), **facets(case, case.get("source", near), value.get("evidence"))}
            for case in value["cases"]
        ]
        for case, raw in zip(stamped["cases"], value["cases"], strict=True):
            if "grants" in raw:
                case["grants"] = [_marked(grant, raw.get("source", near)) for grant in raw["grants"]]
    if "grants" in value:
        stamped["grants"] = [_marked(grant, near) for grant in value["grants"]]
    return stamped


def facets(value: Data, source: str, evidence: str | None = None) -> Data:
    """The facets of a parameter (or of one of its cases) in long form."""
    own = value.get("evidence", evidence)
    return {key: fact(value[key], source, own) for key in FACETS if key in value}


def _plain(value: Data) -> Data:
    return {
        key: inner
        for key, inner in value.items()
        if key not in _MARKS and key not in FACETS and key != "grants"
    }


def _family(value: Data, source: str) -> Data:
    near = value.get("source", source)
    stamped = {**value, "source": near}
    for section in ("facts", "limits", "lifetimes"):
        if section in value:
            stamped[section] = facts(value[section], near)
    if "parameters" in value:
        stamped["parameters"] = parameters(value["parameters"], near)
    if "images" in value:
        stamped["images"] = [_image(rule, near) for rule in value["images"]]
    if "rules" in value:
        stamped["rules"] = [_rule(rule, near) for rule in value["rules"]]
    if "errors" in value:
        stamped["errors"] = {key: _marked(entry, near) for key, entry in value["errors"].items()}
    if "models" in value:
        stamped["models"] = {key: _family(model or {}, near) for key, model in value["models"].items()}
    return stamped


def _image(rule: Data, source: str) -> Data:
    near = rule.get("source", source)
    keys = ("count", "side", "ratio", "bytes", "formats", "beyond")
    stamped = {
        **{k: v for k, v in rule.items() if k not in _MARKS},
        **{key: fact(rule[key], near, rule.get("evidence")) for key in keys if key in rule},
    }
    if "reactions" in rule:
        stamped["reactions"] = facts(rule["reactions"], near)
    return stamped


def _rule(rule: Data, source: str) -> Data:
    near = rule.get("source", source)
    return {
        **rule,
        "source": near,
        "beyond": fact(
            rule.get("beyond", {"value": "unknown", "evidence": "unknown"}), near, rule.get("evidence")
        ),
    }


def _response(value: Data, source: str) -> Data:
    near = value.get("source", source)
    return {**value, "source": near, **_fields(value, near)}


def _errors(value: Data, source: str) -> Data:
    near = value.get("source", source)
    stamped = {**value, "source": near, **_fields(value, near)}
    if "entries" in value:
        stamped["entries"] = {key: entry and _marked(entry, near) for key, entry in value["entries"].items()}
    return stamped


def _fields(value: Data, source: str) -> Data:
    """The documented fields, stamped; nothing when a document does not change its parent's."""
    return {"fields": [_marked(field, source) for field in value["fields"]]} if "fields" in value else {}


def _marked(value: Data, source: str) -> Data:
    return {"source": source, **value}


def _items(document: Data, section: str) -> list[tuple[str, Data]]:
    return list((document.get(section) or {}).items())
