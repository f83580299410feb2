//! Where a method and path lead.

use crate::endpoint::{Endpoint, Method, PREFIX, Place};
use crate::parameter::decode_percent;

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Route {
    /// An endpoint, with the text of its path's parameters.
    Found {
        endpoint: usize,
        path: Vec<(&'static str, String)>,
        deprecated: bool,
    },
    /// A path that takes other methods.
    OtherMethods(String),
    /// A parameter of the path is not percent-encoded UTF-8.
    Undecodable(&'static str, String),
    /// No such path.
    None,
}

/// Where a method and path lead.
pub(crate) fn route(table: &'static [Endpoint], method: &http::Method, path: &str) -> Route {
    let wanted = match *method {
        http::Method::GET | http::Method::HEAD => Some(Method::Get),
        http::Method::POST => Some(Method::Post),
        _ => None,
    };
    let (bare, versioned) = match path.strip_prefix(PREFIX) {
        Some(rest) if rest.starts_with('/') => (rest, true),
        _ => (path, false),
    };
    let mut others = Vec::new();
    for (endpoint, entry) in table.iter().enumerate() {
        if versioned && entry.place == Place::Beside {
            continue;
        }
        let Some(path) = matches(entry.path, bare) else {
            continue;
        };
        if Some(entry.method) != wanted {
            match entry.method {
                Method::Get => others.extend(["GET", "HEAD"]),
                Method::Post => others.push("POST"),
            }
            continue;
        }
        let mut decoded = Vec::with_capacity(path.len());
        for (name, text) in path {
            match decode_percent(text) {
                Some(text) => decoded.push((name, text)),
                None => return Route::Undecodable(name, text.to_owned()),
            }
        }
        return Route::Found {
            endpoint,
            path: decoded,
            deprecated: entry.place == Place::Versioned && !versioned,
        };
    }
    if others.is_empty() {
        return Route::None;
    }
    others.push("OPTIONS");
    Route::OtherMethods(others.join(", "))
}

/// The texts of a template's parameters in a path, still percent-encoded; `{*rest}` at the end takes all that is left.
fn matches<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let mut found = Vec::new();
    let mut path = path.strip_prefix('/')?;
    let mut template = template.strip_prefix('/')?;
    loop {
        let (wanted, more_wanted) = split(template);
        if let Some(name) = wanted
            .strip_prefix("{*")
            .and_then(|name| name.strip_suffix('}'))
        {
            found.push((name, path));
            return (!path.is_empty()).then_some(found);
        }
        let (given, more_given) = split(path);
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(_) if given.is_empty() => return None,
            Some(name) => found.push((name, given)),
            None if wanted == given => {}
            None => return None,
        }
        match (more_wanted, more_given) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => (template, path) = (wanted, given),
            _ => return None,
        }
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An endpoint's name, the texts of its path, and whether the path is going away.
    type Leads = (&'static str, Vec<(&'static str, String)>, bool);

    fn found(method: &http::Method, path: &str) -> Option<Leads> {
        match route(crate::routes::ENDPOINTS, method, path) {
            Route::Found {
                endpoint,
                path,
                deprecated,
            } => Some((crate::routes::ENDPOINTS[endpoint].name, path, deprecated)),
            _ => None,
        }
    }

    #[test]
    fn paths_lead_where_they_should() {
        let get = http::Method::GET;
        for (path, name, text, deprecated) in [
            ("/api/v1/prices", "prices", None, false),
            ("/prices", "prices", None, true),
            (
                "/api/v1/price/demo:BTC-USDT",
                "price",
                Some("demo:BTC-USDT"),
                false,
            ),
            (
                "/api/v1/price/demo:BTC%2FUSDT",
                "price",
                Some("demo:BTC/USDT"),
                false,
            ),
            (
                "/chart/ohlc/demo:BTC-USDT",
                "ohlc",
                Some("demo:BTC-USDT"),
                true,
            ),
            (
                "/chart/demo:BTC-USDT",
                "chart_page",
                Some("demo:BTC-USDT"),
                false,
            ),
            (
                "/assets/app/css/base.css",
                "assets",
                Some("app/css/base.css"),
                false,
            ),
            ("/", "index", None, false),
            ("/health", "health", None, false),
        ] {
            let (found, parameters, old) = found(&get, path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!((found, old), (name, deprecated), "{path}");
            assert_eq!(
                parameters.first().map(|(_, text)| text.as_str()),
                text,
                "{path}"
            );
        }
        for path in [
            "/api/v1",
            "/api/v1/",
            "/api/v2/prices",
            "/prices/",
            "//prices",
            "/api/v1/price/",
            "/api/v1/health",
            "/assets/",
            "",
        ] {
            assert!(found(&get, path).is_none(), "{path}");
        }
        assert!(found(&http::Method::HEAD, "/api/v1/prices").is_some());
    }

    #[test]
    fn other_methods_are_named() {
        let Route::OtherMethods(allow) = route(
            crate::routes::ENDPOINTS,
            &http::Method::DELETE,
            "/api/v1/prices",
        ) else {
            panic!("another answer");
        };
        assert_eq!(allow, "GET, HEAD, OPTIONS");
    }
}
