"""Defects of gateways with an OpenAI face: what they lose, change or make up."""

from __future__ import annotations

from defects import changes as does
from defects.wrap import Defect

TWO = ("dieyuyun", "qwen-image-2.0")
FIXED = ("dieyuyun", "qwen-image-plus")
SKY = ("skyengine", "qwen-image-plus")

GATEWAY = [
    Defect("n-clamped", "n.above-maximum", *TWO, ("B034", "B159"), request=does.change(does.clamp)),
    Defect("n-ignored-on-fixed-model", "n.above-maximum", *FIXED, ("B039",), request=does.change(does.one)),
    Defect("n-zero-made-one", "n.below-minimum", *TWO, ("B034",), request=does.change(does.at_least_one)),
    Defect(
        "n-not-forwarded",
        "n.count",
        *TWO,
        ("B038",),
        request=does.change(does.drop("n")),
        also=frozenset({"n.above-maximum", "n.below-minimum", "n.type"}),
    ),
    Defect("last-picture-only", "n.count", *TWO, ("B031",), answer=does.success(does.last_only)),
    Defect(
        "same-picture-twice", "n.distinct", *TWO, ("B031", "B035"), answer=does.success(does.same_address)
    ),
    Defect("four-by-default", "n.default", *TWO, ("B040",), request=does.change(does.set_default("n", 4))),
    Defect(
        "size-not-forwarded",
        "size.delivered",
        *TWO,
        ("B007", "B008", "B010"),
        request=does.change(does.foreign_size),
        also=frozenset({"size.not-listed"}),
    ),
    Defect(
        "foreign-default-size",
        "size.default",
        *TWO,
        ("B012", "B050"),
        level="SHOULD",
        request=does.change(does.set_default("size", "2688x1536")),
    ),
    Defect(
        "foreign-default-size-skyengine",
        "size.default",
        *SKY,
        ("B012", "B050"),
        request=does.change(does.set_default("size", "928x1664")),
    ),
    Defect(
        "typo-size-taken",
        "size.not-listed",
        *FIXED,
        ("B016", "B017"),
        request=does.change(does.replace_size("1472x1140", "1472x1104")),
    ),
    Defect(
        "any-separator",
        "size.spelling",
        *TWO,
        ("B001", "B003", "B024"),
        request=does.change(does.any_separator),
    ),
    Defect(
        "watermark-false-lost",
        "watermark.honoured",
        *TWO,
        ("B060", "B044"),
        request=does.change(does.falsy("watermark")),
        also=frozenset({"watermark.corner"}),
    ),
    Defect(
        "watermark-on-by-default",
        "watermark.default",
        *SKY,
        ("B047",),
        request=does.change(does.set_default("watermark", True)),
    ),
    Defect(
        "watermark-off-by-default",
        "watermark.default",
        *TWO,
        ("B047",),
        request=does.change(
            lambda body: None if "parameters" in body else body.setdefault("watermark", False) and None
        ),
    ),
    Defect(
        "parameters-object-lost",
        "watermark.honoured",
        *TWO,
        ("B064",),
        request=does.change(does.flatten),
        also=frozenset({"parameters.type", "watermark.corner"}),
    ),
    Defect(
        "prompt-extend-off-by-default",
        "prompt-extend.default",
        *TWO,
        ("B053",),
        request=does.change(does.set_default("prompt_extend", False)),
    ),
    Defect(
        "seed-zero-lost", "seed.zero", *SKY, ("B056", "B057", "B061"), request=does.change(does.falsy("seed"))
    ),
    Defect(
        "b64-ignored",
        "response-format.b64",
        *TWO,
        ("B185", "B187"),
        request=does.change(does.drop("response_format")),
        also=frozenset({"response-format.unknown-value", "response-format.type"}),
    ),
    Defect(
        "b64-with-address", "response-format.b64", *TWO, ("B183",), answer=does.success(does.items(does.both))
    ),
    Defect(
        "b64-with-prefix",
        "response-format.b64",
        *TWO,
        ("B191",),
        answer=does.success(does.items(does.prefixed)),
    ),
    Defect("b64-cut-off", "response-format.b64", *TWO, ("B193",), answer=does.success(does.items(does.cut))),
    Defect(
        "response-format-refused",
        "response-format.url",
        *TWO,
        ("B067", "B184", "B077"),
        request=does.no_format,
        also=frozenset({"response-format.b64", "errors.code"}),
    ),
    Defect(
        "created-missing", "response.created", *TWO, ("B179",), answer=does.success(does.without("created"))
    ),
    Defect(
        "created-as-text",
        "response.created",
        *TWO,
        ("B179",),
        answer=does.success(does.field("created", str)),
    ),
    Defect(
        "revised-prompt-null",
        "response.revised-prompt",
        *TWO,
        ("B178", "B180"),
        answer=does.success(does.items(does.null_prompt)),
    ),
    Defect(
        "addresses-escaped",
        "url.fetchable",
        *TWO,
        ("B194",),
        answer=does.success(does.items(does.escaped)),
        also=frozenset({"url.signed", "url.open"}),
    ),
    Defect("addresses-dead", "url.fetchable", *TWO, ("B176", "B182"), request=does.gone),
    Defect(
        "native-error-shape",
        "errors.shape",
        *TWO,
        ("B151",),
        answer=does.failure(does.native_shape),
        also=frozenset({"errors.type", "errors.code-field", "errors.code"}),
    ),
    Defect(
        "framework-error-shape",
        "errors.shape",
        *TWO,
        ("B264",),
        answer=does.failure(does.detail),
        also=frozenset({"errors.type", "errors.code-field", "errors.code"}),
    ),
    Defect(
        "html-errors",
        "errors.json",
        *TWO,
        ("B161",),
        answer=does.failure(does.html),
        also=frozenset({"errors.shape"}),
    ),
    Defect(
        "server-error-for-bad-n",
        "errors.client-fault",
        *TWO,
        ("B093", "B155", "B156"),
        answer=does.failure(does.server_error),
    ),
    Defect(
        "errors-with-status-200",
        "response.success-means-pictures",
        *TWO,
        ("B132", "B138"),
        answer=does.failure(does.status(200)),
        also=frozenset({"auth.missing-key", "auth.invalid-key", "auth.scheme", "response.data"}),
    ),
    Defect(
        "empty-success",
        "response.success-means-pictures",
        *TWO,
        ("B034", "B270"),
        answer=does.empty_success,
        also=frozenset({"n.above-maximum", "n.below-minimum", "n.type"}),
    ),
    Defect(
        "any-key",
        "auth.invalid-key",
        *TWO,
        ("B255",),
        request=does.lets_in("any"),
        also=frozenset({"auth.missing-key", "auth.scheme", "auth.key-secret"}),
    ),
    Defect("no-key-needed", "auth.missing-key", *TWO, ("B101",), request=does.lets_in("none")),
    Defect(
        "forbidden-for-unauthorized",
        "auth.invalid-key",
        *TWO,
        ("B255",),
        answer=does.forbidden,
        also=frozenset({"auth.missing-key", "auth.scheme", "errors.status"}),
    ),
    Defect(
        "foreign-model-for-none",
        "model.missing",
        *TWO,
        ("B054", "B050"),
        request=does.change(does.default_model),
    ),
    Defect(
        "foreign-model-for-unknown",
        "model.unknown",
        *TWO,
        ("B090", "B085"),
        request=does.change(does.any_model),
    ),
    Defect("missing-prompt-taken", "prompt.missing", *TWO, ("B162",), request=does.change(does.any_prompt)),
    Defect("no-emoji", "prompt.unicode", *TWO, ("B215",), request=does.no_emoji),
    Defect(
        "no-size-with-base64",
        "parameters.together",
        *TWO,
        level="SHOULD",
        request=does.not_together({"response_format": "b64_json"}, "size"),
    ),
    Defect(
        "no-format-with-seed-zero",
        "parameters.together",
        *TWO,
        level="SHOULD",
        tier="full",
        request=does.not_together({"seed": 0, "response_format": "url"}, "watermark"),
        also=frozenset({"seed.zero"}),
    ),
]
