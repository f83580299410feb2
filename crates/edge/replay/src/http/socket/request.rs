//! Requests that clients make over a socket: subscriptions, and how messages are wrapped.

use std::collections::BTreeSet;

use axum::extract::ws::Utf8Bytes;
use serde_json::Value;

use super::Connection;
use crate::speech;
use crate::venue::lock;

impl Connection {
    /// Does what a request over the socket asks, and answers it.
    pub(super) fn obey(&self, text: &Utf8Bytes) -> Utf8Bytes {
        let invalid =
            |words: &str, id| speech::socket_error(2, &format!("Invalid request: {words}"), id);
        let request: Value = match serde_json::from_str(text) {
            Ok(request) => request,
            Err(error) => {
                let words = format!("Invalid JSON: {error}");
                return speech::socket_error(3, &words, &Value::Null);
            }
        };
        let id = request.get("id").cloned().unwrap_or(Value::Null);
        let named = id.is_null()
            || id.is_u64()
            || id.as_i64().is_some()
            || id.as_str().is_some_and(|text| text.len() <= 36);
        if !named {
            return invalid("request ID must be an integer or a string", &Value::Null);
        }
        let Some(method) = request.get("method").and_then(Value::as_str) else {
            return invalid("missing field `method`", &id);
        };
        let parameters = request.get("params").and_then(Value::as_array);
        let names = || -> Option<Vec<String>> {
            let names = parameters?.iter().map(|name| name.as_str());
            names.map(|name| name.map(str::to_owned)).collect()
        };
        match method {
            "SUBSCRIBE" | "UNSUBSCRIBE" => {
                let Some(names) = names() else {
                    return invalid("`params` must be a list of stream names", &id);
                };
                if method == "SUBSCRIBE" {
                    let mut all: BTreeSet<String> =
                        lock(&self.stage.hub).names(self.id).into_iter().collect();
                    all.extend(names.iter().cloned());
                    if all.len() > self.stage.options.limits.streams_per_connection {
                        return invalid("too many streams on one connection", &id);
                    }
                    self.subscribe(&names);
                } else {
                    let mut hub = lock(&self.stage.hub);
                    for name in &names {
                        hub.unsubscribe(self.id, name);
                    }
                }
                speech::result(&Value::Null, &id)
            }
            "LIST_SUBSCRIPTIONS" => {
                let names = lock(&self.stage.hub).names(self.id);
                speech::result(&names.into(), &id)
            }
            "GET_PROPERTY" => match parameters.map(Vec::as_slice) {
                Some([Value::String(name)]) if name == "combined" => {
                    speech::result(&lock(&self.stage.hub).is_combined(self.id).into(), &id)
                }
                _ => speech::socket_error(0, "Unknown property", &id),
            },
            "SET_PROPERTY" => match parameters.map(Vec::as_slice) {
                Some([Value::String(name), Value::Bool(on)]) if name == "combined" => {
                    lock(&self.stage.hub).set_combined(self.id, *on);
                    speech::result(&Value::Null, &id)
                }
                Some([Value::String(name), _]) if name == "combined" => {
                    speech::socket_error(1, "Invalid value type: expected Boolean", &id)
                }
                _ => speech::socket_error(0, "Unknown property", &id),
            },
            other => {
                let other: String = other.chars().take(32).collect();
                invalid(
                    &format!(
                        "unknown variant `{other}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
                    ),
                    &id,
                )
            }
        }
    }
}
