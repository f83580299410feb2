//! The OpenAPI document, made from the table of endpoints: what is not in the table is not served, and what is in it is
//! documented.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::accept::Format;
use crate::dto;
use crate::endpoint::{Access, Endpoint, Method, Place, Returns, Run};
use crate::parameter::{Kind, Parameter};
use crate::problem::Code;
use crate::routes::ENDPOINTS;

/// The schemas.
#[derive(OpenApi)]
#[openapi(components(schemas(
    dto::Price,
    dto::Trade,
    dto::Candle,
    dto::Certificate,
    dto::Missing,
    dto::Reconciled,
    dto::Provenance,
    dto::Revision,
    dto::LogRange,
    dto::LedgerEntry,
    dto::Quarantined,
    dto::Place,
    dto::Symbol,
    dto::Instrument,
    dto::Venue,
    dto::VenueLimit,
    dto::Timeframe,
    dto::IndicatorEntry,
    dto::IndicatorParameter,
    dto::IndicatorColumns,
    dto::IndicatorColumn,
    dto::IndicatorRow,
    dto::Quote,
    dto::Book,
    dto::Level,
    dto::Connection,
    dto::Reconnected,
    dto::Health,
    dto::Service,
    dto::Moment,
)))]
struct Schemas;

/// Codes that every endpoint may answer.
const COMMON: [Code; 5] = [
    Code::InvalidParameter,
    Code::Forbidden,
    Code::RateLimited,
    Code::Internal,
    Code::Unavailable,
];

/// The OpenAPI document, version 3.1, as indented JSON.
pub fn openapi_document() -> String {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let method = match endpoint.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        // OpenAPI has no parameter that takes several segments
        let path = endpoint.full_path().replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation(endpoint);
    }
    let mut components = serde_json::to_value(Schemas::openapi().components).unwrap_or_default();
    if let Some(schemas) = components["schemas"].as_object_mut() {
        schemas.insert("Meta".to_owned(), meta_schema());
        schemas.insert("Problem".to_owned(), problem_schema());
    }
    components["securitySchemes"] = json!({
        "bootstrapToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "The bootstrap token, which is printed when the server is first started and can be configured.",
        },
    });
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "QuantFlow",
            "version": "1",
            "summary": "Market data without a lost message: prices, trades, exact candles, indicators and the health of the data.",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server" }],
        "tags": [
            { "name": "market data", "description": "Prices, trades, candles, indicators." },
            { "name": "catalogues", "description": "What there is." },
            { "name": "data health", "description": "What is held, what is missing, where it comes from." },
            { "name": "live", "description": "Channels over WebSocket and server-sent events." },
            { "name": "operations", "description": "Health, metrics, this document." },
            { "name": "dashboard", "description": "Pages for people." },
        ],
        "paths": paths,
        "components": components,
    });
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

const ABOUT: &str = "Prices and quantities are decimal strings, ids are strings, statistics are numbers. Times in are RFC 3339, or Unix \
seconds, milliseconds, microseconds or nanoseconds, told apart by their size; times out are RFC 3339 with `Z`, or milliseconds with \
`time=ms`. A symbol is `venue:BASE-QUOTE`, with `%2F` for `/`, or the venue's own spelling beside `venue`.\n\n\
Every answer in JSON stands in an envelope with `success`, `data` or `error`, and `meta`; `meta.requestId` is also the header \
`X-Request-Id`. Tables also come as `text/csv` (times in milliseconds), `application/x-ndjson` and \
`application/vnd.apache.arrow.stream` (exact Decimal128), by `Accept`; the next page is then linked by the header `Link`.\n\n\
The paths under `/api/v1` answer without that prefix too, marked deprecated, until 2027-05-20. \
`Accept: application/vnd.quantflow.v1+json` chooses the version as well; an unknown version gives v1.";

fn operation(endpoint: &Endpoint) -> Value {
    let parameters: Vec<Value> = endpoint.parameters.iter().map(parameter).collect();
    let mut about = endpoint.about.to_owned();
    // writing to a String cannot fail
    let _ = write!(
        about,
        "\n\nAt most {} requests a minute and client",
        endpoint.per_minute
    );
    if endpoint.ttl > 0 {
        let _ = write!(about, "; kept for up to {} s", endpoint.ttl);
    }
    about.push('.');
    let mut operation = json!({
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": about,
        "parameters": parameters,
        "responses": responses(endpoint),
    });
    if let Access::Write(scope) = endpoint.access {
        operation["security"] = json!([{ "bootstrapToken": [] }]);
        operation["x-scope"] = json!(scope);
        operation["requestBody"] = json!({
            "required": false,
            "content": { "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": { "reason": { "type": ["string", "null"], "description": "Why, for the log." } },
                },
                "example": { "reason": "it lags" },
            } },
        });
    }
    operation
}

fn parameter(parameter: &Parameter) -> Value {
    let mut schema = match parameter.kind {
        Kind::PathSymbol => json!({ "type": "string", "pattern": "^[!-~]{1,120}$" }),
        Kind::PathTime | Kind::Time => json!({
            "description": "RFC 3339, or Unix seconds, milliseconds, microseconds or nanoseconds; from \
                            1677-09-21 to 2262-04-11.",
            "oneOf": [
                { "type": "string", "format": "date-time" },
                { "type": "integer", "format": "int64" },
            ],
        }),
        Kind::PathText(max) | Kind::Text(max) => json!({
            "type": "string",
            "minLength": 1,
            "maxLength": max,
            "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
        }),
        Kind::Integer { min, max, default } => {
            json!({ "type": "integer", "minimum": min, "maximum": max, "default": default })
        }
        Kind::Timeframe => {
            json!({ "type": "string", "enum": quantflow_model::Timeframe::ALL.map(quantflow_model::Timeframe::name), "default": "1m" })
        }
        Kind::Word(words) => json!({ "type": "string", "enum": words, "default": words.first() }),
        Kind::Venue => json!({ "type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}$" }),
        Kind::Asset => json!({ "type": "string", "pattern": "^[A-Za-z0-9._^=&]{1,24}$" }),
        Kind::List(_) | Kind::NeededList(_) => {
            json!({ "type": "string", "pattern": "^[!-~]*[!-+.-~][!-~]*$" })
        }
        Kind::Set => json!({
            "description": "Names with parameters, separated by commas; `/indicators` lists them.",
            "type": "string",
            "minLength": 1,
            "maxLength": 4096,
        }),
        Kind::Cursor(form) => json!({ "type": "string", "pattern": form }),
    };
    if let Kind::Word([only]) = parameter.kind {
        schema["const"] = json!(only);
    }
    json!({
        "name": parameter.name,
        "in": if parameter.kind.in_path() { "path" } else { "query" },
        "required": parameter.kind.required(),
        "description": parameter.about,
        "schema": schema,
        "example": parameter.example,
    })
}

fn responses(endpoint: &Endpoint) -> Value {
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

fn meta_schema() -> Value {
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

fn problem_schema() -> Value {
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
