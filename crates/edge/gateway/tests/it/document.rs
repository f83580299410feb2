//! The OpenAPI document.

use std::collections::BTreeSet;

use quantflow_gateway::openapi_document;
use serde_json::Value;

use crate::client::{ask, get, json_of};
use crate::fake::world;

fn document() -> Value {
    serde_json::from_str(&openapi_document()).unwrap()
}

#[test]
fn the_document_is_as_it_was() {
    insta::assert_snapshot!("openapi", openapi_document());
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref") {
                    found.insert(target.rsplit('/').next().unwrap());
                }
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let schemas: BTreeSet<&str> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let missing: Vec<_> = found.difference(&schemas).collect();
    assert!(missing.is_empty(), "no schema for {missing:?}");
    // what goes over live channels is named by no path
    let live: BTreeSet<&str> = ["IndicatorRow", "Quote", "Book", "Level"].into();
    let unused: Vec<_> = schemas
        .difference(&found)
        .filter(|name| !live.contains(**name))
        .collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}

/// Walks the document and asks each operation with its examples: what is documented is served, with a status and a media
/// type that are documented.
#[tokio::test]
async fn what_is_documented_is_served_as_documented() {
    let world = world();
    let document = document();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut target = path.clone();
            let mut query = Vec::new();
            for parameter in operation["parameters"].as_array().unwrap() {
                let name = parameter["name"].as_str().unwrap();
                let example = parameter["example"].as_str().unwrap().replace('/', "%2F");
                assert!(
                    !parameter["description"].as_str().unwrap().is_empty(),
                    "{path} {name}"
                );
                if parameter["in"] == "path" {
                    // an asset's path has several segments
                    let example = if path.starts_with("/assets") {
                        example.replace("%2F", "/")
                    } else {
                        example
                    };
                    target = target.replace(&format!("{{{name}}}"), &example);
                } else if parameter["required"] == true
                    || !matches!(name, "cursor" | "as_of" | "channels")
                {
                    query.push(format!("{name}={example}"));
                }
            }
            if path == "/stream" {
                continue; // never ends; see `live`
            }
            assert!(!target.contains('{'), "{target}");
            if !query.is_empty() {
                target = format!("{target}?{}", query.join("&"));
            }
            let response = ask(&world.gateway, &method.to_uppercase(), &target, &[]).await;
            let status = response.status().as_str().to_owned();
            let documented = &operation["responses"][&status];
            assert!(
                documented.is_object(),
                "{method} {target}: {status} is not documented"
            );
            let wanted = match path.as_str() {
                "/ws" => "426",
                _ if method == "post" => "401",
                _ => "200",
            };
            assert_eq!(
                status,
                wanted,
                "{target}: {}",
                String::from_utf8_lossy(response.body())
            );
            let media = response.headers()["content-type"]
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap();
            assert!(
                documented["content"][media].is_object(),
                "{target}: {media} is not documented"
            );
            asked += 1;
        }
    }
    assert!(asked > 20);
}

/// The methods that each documented path says it takes (by `Allow`) are those that are documented, and no path that is
/// served is missing: what the metrics know is what the document knows.
#[tokio::test]
async fn the_router_and_the_document_are_equal() {
    let world = world();
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let response = ask(&world.gateway, "PATCH", &path.replace(['{', '}'], ""), &[]).await;
        assert_eq!(response.status(), 405, "{path}");
        let allow = response.headers()["allow"].to_str().unwrap().to_lowercase();
        let served: BTreeSet<&str> = allow
            .split(", ")
            .filter(|m| !matches!(*m, "head" | "options"))
            .collect();
        let documented: BTreeSet<&str> = item
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(served, documented, "{path}");
        if let Some(bare) = path.strip_prefix("/api/v1") {
            assert_eq!(
                ask(&world.gateway, "PATCH", &bare.replace(['{', '}'], ""), &[])
                    .await
                    .status(),
                405,
                "{bare}"
            );
        }
    }
    let served = get(&world.gateway, "/openapi.json").await;
    assert_eq!(json_of(&served), document);
}
