//! Pages and what they are made of, the OpenAPI document, and the live channels.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::body::Body;
use crate::endpoint::{Access, Call, Endpoint, Method, Place, Returns, Run};
use crate::live;
use crate::openapi::openapi_document;
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// What all of these have in common.
const PAGE: Endpoint = Endpoint {
    name: "index",
    method: Method::Get,
    path: "/",
    place: Place::Beside,
    tag: "dashboard",
    summary: "The dashboard",
    about: "A page for browsers.",
    parameters: &[],
    returns: Returns::Plain(200, "text/html; charset=utf-8", None),
    errors: &[Code::RouteNotFound],
    per_minute: 600,
    ttl: 0,
    access: Access::Open,
    run: Run::Plain(|shared, call| Box::pin(index(shared, call))),
};

pub(super) const INDEX: Endpoint = PAGE;

pub(super) const CHART: Endpoint = Endpoint {
    name: "chart_page",
    path: "/chart/{symbol}",
    summary: "The dashboard: a chart",
    parameters: &[Parameter::new(
        "symbol",
        Kind::PathText(120),
        "Which; the page resolves it.",
        "demo:BTC-USDT",
    )],
    ..PAGE
};

pub(super) const DATA_HEALTH: Endpoint = Endpoint {
    name: "data_health_page",
    path: "/data-health",
    summary: "The dashboard: health of the data",
    ..PAGE
};

pub(super) const HELP: Endpoint = Endpoint {
    name: "help_page",
    path: "/help",
    summary: "The dashboard: help",
    ..PAGE
};

pub(super) const ASSETS: Endpoint = Endpoint {
    name: "assets",
    path: "/assets/{*file}",
    summary: "Files of the pages",
    about: "Scripts, styles and images.",
    parameters: &[Parameter::new(
        "file",
        Kind::PathText(200),
        "Its path.",
        "docs/docs.js",
    )],
    returns: Returns::Plain(200, "text/javascript; charset=utf-8", None),
    per_minute: 3000,
    run: Run::Plain(|shared, call| Box::pin(asset(shared, call))),
    ..PAGE
};

pub(super) const ICON: Endpoint = Endpoint {
    name: "icon",
    path: "/favicon.ico",
    summary: "The dashboard's icon",
    about: "Asked for by browsers where a page names no other, such as on an answer in JSON.",
    returns: Returns::Plain(200, "image/svg+xml", None),
    run: Run::Plain(|shared, call| Box::pin(icon(shared, call))),
    ..PAGE
};

pub(super) const DOCS: Endpoint = Endpoint {
    name: "docs",
    path: "/docs",
    tag: "operations",
    summary: "This document, for people",
    about: "Rendered from the OpenAPI document, with nothing from other sites.",
    run: Run::Plain(|shared, call| Box::pin(docs(shared, call))),
    ..PAGE
};

pub(super) const OPENAPI: Endpoint = Endpoint {
    name: "openapi",
    path: "/openapi.json",
    tag: "operations",
    summary: "This document",
    about: "OpenAPI 3.1.",
    returns: Returns::Plain(200, "application/json", None),
    errors: &[],
    run: Run::Plain(|shared, call| Box::pin(openapi(shared, call))),
    ..PAGE
};

pub(super) const SOCKET: Endpoint = Endpoint {
    name: "ws",
    path: "/ws",
    tag: "live",
    summary: "Live channels over WebSocket",
    about: live::ABOUT,
    parameters: &[Parameter::new(
        "format",
        Kind::Word(&["json", "msgpack"]),
        "Text messages of JSON, or binary messages of MessagePack.",
        "json",
    )],
    returns: Returns::Plain(101, "", None),
    errors: &[Code::UpgradeRequired, Code::Unavailable],
    run: Run::Socket,
    ..PAGE
};

pub(super) const STREAM: Endpoint = Endpoint {
    name: "stream",
    path: "/stream",
    tag: "live",
    summary: "Live channels as server-sent events",
    about: "The same messages as over `/ws`, one an event. `Last-Event-ID` goes on after an update where only one \
            channel is followed.",
    parameters: &[Parameter::new(
        "channels",
        Kind::NeededList(64),
        "Channels, separated by commas.",
        "prices,candles|demo:BTC/USDT|1m",
    )],
    returns: Returns::Plain(200, "text/event-stream", None),
    errors: &[Code::SymbolNotFound, Code::Unavailable],
    run: Run::Plain(|shared, call| Box::pin(live::events(shared, call))),
    ..PAGE
};

async fn page(shared: &Shared, call: &Call, file: &str) -> Result<Response<Body>, Problem> {
    shared.assets.get(file, &call.headers).ok_or_else(|| {
        let shown: String = file.chars().take(200).collect();
        Problem::not_found(
            Code::RouteNotFound,
            format!("there is no file {shown:?}"),
            Vec::new(),
        )
    })
}

async fn index(shared: Arc<Shared>, call: Call) -> Result<Response<Body>, Problem> {
    page(&shared, &call, "index.html").await
}

async fn docs(shared: Arc<Shared>, call: Call) -> Result<Response<Body>, Problem> {
    page(&shared, &call, "docs/index.html").await
}

async fn icon(shared: Arc<Shared>, call: Call) -> Result<Response<Body>, Problem> {
    page(&shared, &call, "app/icon.svg").await
}

async fn asset(shared: Arc<Shared>, call: Call) -> Result<Response<Body>, Problem> {
    page(&shared, &call, &call.path).await
}

async fn openapi(_: Arc<Shared>, _: Call) -> Result<Response<Body>, Problem> {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi_document()));
    let mut response = Response::new(Body::from(DOCUMENT.clone()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
