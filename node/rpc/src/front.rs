//! The HTTP side before JSON-RPC: hosts, origins, methods, body bounds, the shape of the text.

use crate::config::{Cors, RpcConfig};
use crate::error::{INVALID_REQUEST, RpcError};
use crate::gate::{GateLayer, Peer, RetryAfter, too_deep};
use crate::hosts::{host_allowed, origin_allowed};
use crate::metrics::RpcMetrics;
use crate::scan::shape;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Incoming};
use jsonrpsee::core::BoxError;
use jsonrpsee::server::{HttpBody, HttpResponse, Methods, StopHandle, TowerServiceBuilder, ws};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tower::Service as _;
use tower::layer::util::{Identity, Stack};

/// The JSON-RPC service of the library, with our gate in it.
pub type RpcServices = TowerServiceBuilder<Stack<GateLayer, Identity>, Identity>;

/// Everything one request needs, shared by all connections.
pub struct Front {
    /// The configuration.
    pub config: RpcConfig,
    /// Counters.
    pub metrics: RpcMetrics,
    /// Room for request bodies, in KiB.
    pub bodies: Arc<Semaphore>,
    /// Makes the JSON-RPC service.
    pub services: RpcServices,
    /// The methods.
    pub methods: Methods,
    /// Ends connections when the server stops.
    pub stop: StopHandle,
}

fn kib(bytes: u32) -> u32 {
    bytes.div_ceil(1024).max(1)
}

/// How much room the bodies of all connections have, in KiB.
pub fn bodies_room(config: &RpcConfig) -> usize {
    kib(config.limits.bodies_bytes.max(config.limits.request_bytes)) as usize
}

fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    respond(status, "text/plain; charset=utf-8", text.to_owned())
}

fn refuse(status: StatusCode, error: RpcError) -> HttpResponse {
    let body: Value = json!({
        "jsonrpc": "2.0",
        "id": null,
        "error": { "code": error.code, "message": error.message, "data": error.data },
    });
    respond(status, "application/json; charset=utf-8", body.to_string())
}

fn respond(status: StatusCode, content_type: &'static str, text: String) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A refusal for now, in HTTP's own terms: 429 and whole seconds, rounded up.
fn too_many(response: &mut HttpResponse, retry_after_ms: u64) {
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000).max(1)));
}

/// The library answers everything itself; an error would be a fault of it.
fn answer(result: Result<HttpResponse, BoxError>) -> HttpResponse {
    result.unwrap_or_else(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, RpcError::internal(&error.to_string())))
}

fn overloaded() -> HttpResponse {
    let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, RpcError::busy("overloaded", 1000));
    too_many(&mut response, 1000);
    response
}

impl Front {
    /// Answers one request.
    pub async fn serve(&self, request: Request<Incoming>, peer: SocketAddr) -> HttpResponse {
        let origin = request.headers().get(header::ORIGIN).cloned();
        let allowed = origin
            .as_ref()
            .is_none_or(|origin| origin.to_str().is_ok_and(|origin| origin_allowed(origin, &self.config.cors)));
        let mut response = if !self.knows_host(&request) {
            self.metrics.reject("host");
            plain(StatusCode::FORBIDDEN, "invalid host specified\n")
        } else if request.method() == Method::OPTIONS {
            preflight(request.headers(), allowed)
        } else if ws::is_upgrade_request(&request) {
            if !allowed {
                self.metrics.reject("origin");
                return plain(StatusCode::FORBIDDEN, "origin not allowed\n");
            }
            self.upgrade(request, peer).await
        } else if request.method() == Method::POST {
            self.post(request, peer).await
        } else {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "JSON-RPC: use POST, or WebSocket\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
            response
        };
        if let (Some(origin), true) = (origin, allowed) {
            self.allow_origin(response.headers_mut(), origin);
        }
        response
    }

    fn knows_host(&self, request: &Request<Incoming>) -> bool {
        let named = request.headers().get(header::HOST).map(HeaderValue::to_str);
        match (named, request.uri().authority()) {
            (Some(Ok(host)), _) => host_allowed(host, &self.config.hosts),
            (Some(Err(_)), _) => false,
            (None, Some(authority)) => host_allowed(authority.as_str(), &self.config.hosts),
            // HTTP/1.0 without a host comes from no browser.
            (None, None) => true,
        }
    }

    fn allow_origin(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        let allowed = if self.config.cors == Cors::Any { HeaderValue::from_static("*") } else { origin };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }

    async fn upgrade(&self, mut request: Request<Incoming>, peer: SocketAddr) -> HttpResponse {
        request.extensions_mut().insert(Peer { address: peer.ip(), notifications: true });
        let mut service = self.services.clone().build(self.methods.clone(), self.stop.clone());
        let closed = service.on_session_closed();
        let response = answer(service.call(request).await);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let open = self.metrics.ws_connection();
            tokio::spawn(async move {
                closed.await;
                drop(open);
            });
        }
        response
    }

    async fn post(&self, request: Request<Incoming>, peer: SocketAddr) -> HttpResponse {
        let limits = &self.config.limits;
        let max = limits.request_bytes;
        let size = request.body().size_hint();
        // A body of unknown length may become as long as any.
        let size = size.upper().map_or(max, |upper| u32::try_from(upper).unwrap_or(u32::MAX));
        if size > max {
            return self.too_large();
        }
        let Ok(_room) = self.bodies.try_acquire_many(kib(size)) else {
            self.metrics.reject("overloaded");
            return overloaded();
        };
        let (parts, body) = request.into_parts();
        let body = match tokio::time::timeout(limits.body_timeout, Limited::new(body, max as usize).collect()).await {
            Err(_) => {
                self.metrics.reject("body_timeout");
                return plain(StatusCode::REQUEST_TIMEOUT, "the request body did not arrive in time\n");
            }
            Ok(Err(_)) => return self.too_large(),
            Ok(Ok(body)) => body.to_bytes(),
        };
        if let Some(error) = self.misshapen(&body) {
            return refuse(StatusCode::OK, error);
        }
        let mut request = Request::from_parts(parts, Full::<Bytes>::new(body));
        request.extensions_mut().insert(Peer { address: peer.ip(), notifications: false });
        let mut service = self.services.clone().build(self.methods.clone(), self.stop.clone());
        let mut response = answer(service.call(request).await);
        if let Some(RetryAfter(retry_after_ms)) = response.extensions().get::<RetryAfter>().copied() {
            too_many(&mut response, retry_after_ms);
        }
        response
    }

    fn too_large(&self) -> HttpResponse {
        self.metrics.reject("too_large");
        let max = self.config.limits.request_bytes;
        let mut error = RpcError::new(INVALID_REQUEST, "too_large", format!("the request is larger than {max} bytes"));
        error.data = Some(json!({ "reason": "too_large", "maxBytes": max }));
        let mut response = refuse(StatusCode::PAYLOAD_TOO_LARGE, error);
        // The rest of the body is not read, so the connection cannot be used again.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn misshapen(&self, body: &[u8]) -> Option<RpcError> {
        let limits = &self.config.limits;
        let shape = shape(body);
        // The request object and its list of arguments, and the batch around them, come on top.
        if shape.depth > limits.json_depth + 2 {
            self.metrics.reject("too_deep");
            return Some(too_deep(limits.json_depth));
        }
        if shape.entries.is_some_and(|entries| entries > limits.batch_entries as usize) {
            self.metrics.reject("batch_too_large");
            let max = limits.batch_entries;
            let mut error = RpcError::new(INVALID_REQUEST, "", format!("the batch has more than {max} entries"));
            error.data = Some(json!({ "reason": "batch_too_large", "maxEntries": max }));
            return Some(error);
        }
        None
    }
}

fn preflight(request: &HeaderMap, allowed: bool) -> HttpResponse {
    const PRIVATE_ASKED: HeaderName = HeaderName::from_static("access-control-request-private-network");
    const PRIVATE_ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");
    if !allowed {
        return plain(StatusCode::FORBIDDEN, "origin not allowed\n");
    }
    let mut response = HttpResponse::new(HttpBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(asked) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    if request.contains_key(PRIVATE_ASKED) {
        headers.insert(PRIVATE_ALLOWED, HeaderValue::from_static("true"));
    }
    response
}
