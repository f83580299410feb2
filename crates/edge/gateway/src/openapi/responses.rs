//! What the document says of answers: each status of an endpoint, its headers and its body.

use serde_json::{Map, Value, json};

use crate::accept::Format;
use crate::endpoint::{Endpoint, Place, Returns, Run};
use crate::problem::Code;

/// Codes that every endpoint may answer.
const COMMON: [Code; 5] = [
    Code::InvalidParameter,
    Code::Forbidden,
    Code::RateLimited,
    Code::Internal,
    Code::Unavailable,
];

pub(super) fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    let (status, success) = success(endpoint);
    responses.insert(status, success);
    if matches!(endpoint.run, Run::Data(_)) {
        responses.insert(
            "304".to_owned(),
            json!({ "description": "the client has it already (`If-None-Match`)" }),
        );
    }
    let mut codes: Vec<Code> = COMMON.iter().chain(endpoint.errors).copied().collect();
    codes.push(Code::Timeout);
    if endpoint.path != "/" {
        codes.push(Code::RouteNotFound);
    }
    codes.sort();
    codes.dedup();
    for code in codes {
        let status = code.status().as_u16().to_string();
        let said = format!("`{}`: {}", code.name(), code.about());
        let example = json!({
            "success": false,
            "error": { "code": code.name(), "message": code.about(), "details": {} },
            "meta": { "timestamp": "2026-11-20T10:00:00Z", "requestId": "5f1d7a3e9b2c4d60", "apiVersion": "v1" },
        });
        let entry = responses.entry(status).or_insert_with(|| {
            json!({
                "description": "",
                "headers": { "X-Request-Id": { "schema": { "type": "string" }, "description": "The request's id." } },
                "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                    "examples": {},
                } },
            })
        });
        // health says 503 in its own form
        if entry["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/Health" {
            continue;
        }
        let before = entry["description"].as_str().unwrap_or_default();
        entry["description"] = json!(if before.is_empty() {
            said
        } else {
            format!("{before}; {said}")
        });
        entry["content"]["application/json"]["examples"][code.name()] = json!({ "value": example });
    }
    if endpoint.name == "health" || endpoint.name == "health_ready" {
        responses.insert(
            "503".to_owned(),
            json!({
                "description": "unhealthy, in the same form; or `UNAVAILABLE` in the envelope",
                "content": { "application/json": { "schema": { "oneOf": [
                    { "$ref": "#/components/schemas/Health" },
                    { "$ref": "#/components/schemas/Problem" },
                ] } } },
            }),
        );
    }
    Value::Object(responses)
}

fn success(endpoint: &Endpoint) -> (String, Value) {
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let envelope = |data: Value| {
        json!({
            "type": "object",
            "required": ["success", "data", "meta"],
            "properties": {
                "success": { "type": "boolean", "const": true },
                "data": data,
                "meta": reference("Meta"),
            },
        })
    };
    let json_content = |data: Value| json!({ "schema": envelope(data) });
    let (status, content) = match endpoint.returns {
        Returns::Object(name) => (
            200,
            json!({ "application/json": json_content(reference(name)) }),
        ),
        Returns::Rows(name) => {
            let rows = json!({ "type": "array", "items": reference(name) });
            (200, tabular(&json_content(rows)))
        }
        Returns::Columns(name) => (200, tabular(&json_content(reference(name)))),
        Returns::Plain(status, "", _) => (status, json!({})),
        Returns::Plain(status, media, schema) => {
            let media = media.split(';').next().unwrap_or(media);
            let schema =
                schema.map_or_else(|| json!({}), |name| json!({ "schema": reference(name) }));
            let mut content = json!({ media: schema });
            if endpoint.name == "assets" {
                for media in [
                    "text/css",
                    "text/html",
                    "image/svg+xml",
                    "image/png",
                    "text/plain",
                    "application/json",
                ] {
                    content[media] = json!({});
                }
            }
            (status, content)
        }
    };
    let mut response = json!({
        "description": endpoint.summary,
        "headers": headers(endpoint),
    });
    if content
        .as_object()
        .is_some_and(|content| !content.is_empty())
    {
        response["content"] = content;
    }
    (status.to_string(), response)
}

/// JSON, and the other formats of tables.
fn tabular(json_content: &Value) -> Value {
    let mut content = Map::new();
    for format in Format::ALL {
        let media = format.content_type().split(';').next().unwrap_or_default();
        let schema = match format {
            Format::Json => json_content.clone(),
            Format::Lines | Format::Csv => json!({ "schema": { "type": "string" } }),
            Format::Arrow => json!({ "schema": { "type": "string", "contentEncoding": "binary" } }),
        };
        content.insert(media.to_owned(), schema);
    }
    Value::Object(content)
}

fn headers(endpoint: &Endpoint) -> Value {
    let text = |about: &str| json!({ "schema": { "type": "string" }, "description": about });
    let mut headers = json!({
        "X-Request-Id": text("The request's id, the caller's own where it is sane."),
        "RateLimit": text("What is left of the limit, and when it is whole again."),
        "RateLimit-Policy": text("The limit."),
    });
    if matches!(endpoint.run, Run::Data(_)) {
        headers["ETag"] = text("Of the data, whatever the envelope's meta says.");
        headers["Cache-Control"] = text("How long it may be kept.");
    }
    if endpoint.parameters.iter().any(|p| p.name == "cursor") {
        headers["Link"] = text("The next page, where there is one: rel=\"next\".");
        headers["X-Next-Cursor"] = text("As `meta.nextCursor`.");
    }
    if endpoint.place == Place::Versioned {
        headers["Deprecation"] = text("Only without `/api/v1`: since when that is deprecated.");
        headers["Sunset"] = text("Only without `/api/v1`: until when that answers.");
    }
    headers
}

pub(super) fn meta_schema() -> Value {
    json!({
        "type": "object",
        "description": "What is said of an answer.",
        "required": ["timestamp", "requestId", "apiVersion"],
        "properties": {
            "timestamp": { "type": "string", "format": "date-time" },
            "requestId": { "type": "string" },
            "apiVersion": { "type": "string", "const": "v1" },
            "deprecated": { "type": "boolean", "description": "Whether the path is going away." },
            "sunsetDate": { "type": ["string", "null"], "description": "Until when it answers." },
            "cache": {
                "type": "object",
                "required": ["hit", "ttl"],
                "properties": {
                    "hit": { "type": "boolean" },
                    "ttl": { "type": "integer", "description": "Seconds that the answer is kept." },
                },
            },
            "nextCursor": { "type": "string", "description": "Leads to the next page; absent on the last." },
        },
    })
}

pub(super) fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "Why there is no answer.",
        "required": ["success", "error", "meta"],
        "properties": {
            "success": { "type": "boolean", "const": false },
            "error": {
                "type": "object",
                "required": ["code", "message", "details"],
                "properties": {
                    "code": { "type": "string", "enum": Code::ALL.map(Code::name) },
                    "message": { "type": "string" },
                    "details": {
                        "type": "object",
                        "properties": {
                            "field": { "type": "string", "description": "Which parameter." },
                            "given": { "description": "What was given." },
                            "allowed": { "description": "What is allowed." },
                            "suggestions": { "type": "array", "items": { "type": "string" }, "maxItems": 5 },
                        },
                    },
                },
            },
            "meta": { "$ref": "#/components/schemas/Meta" },
        },
    })
}
