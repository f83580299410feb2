//! The OpenAPI document, made from the table of endpoints: what is not in the table is not served, and what is in it is
//! documented.

mod responses;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use self::responses::{meta_schema, problem_schema, responses};
use crate::dto;
use crate::endpoint::{Access, Endpoint, Method};
use crate::parameter::{Kind, Parameter};
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
    dto::Connection,
    dto::Reconnected,
    dto::Health,
    dto::Service,
    dto::Moment,
)))]
struct Schemas;

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
