//! The HTTP side: statuses, keys of callers, bounds.

use super::super::probe::{self, Health};
use super::super::server::router;
use super::stub::Stub;
use super::{config, facilitator, run};
use crate::facilitator::{FacilitatorConfig, StartError};
use alloy_primitives::{Address, keccak256};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt as _;

async fn app(set: impl FnOnce(&mut FacilitatorConfig)) -> Router {
    let stub = Stub::start().await;
    let mut config = config(&stub);
    set(&mut config);
    let of = facilitator(config, 1).await;
    let health = probe::look(&of).await;
    router(of, Arc::new(Mutex::new(health)))
}

async fn ask(app: &Router, request: Request<Body>) -> (u16, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body).into_owned())))
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).body(body.into()).unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[test]
fn supported_health_and_metrics_answer() {
    run(async {
        let app = app(|_| {}).await;
        let (status, told) = ask(&app, get("/supported")).await;
        assert_eq!(status, 200);
        assert_eq!(told["kinds"][0]["network"], "eip155:31337");
        assert_eq!(told["kinds"][0]["scheme"], "exact");
        assert_eq!(told["kinds"][0]["x402Version"], 2);
        assert_eq!(told["signers"]["eip155:*"][0], super::key(1).address().to_string());
        assert_eq!(ask(&app, get("/health")).await.0, 200);
        ask(&app, post("/settle", "{}")).await;
        let (status, text) = ask(&app, get("/metrics")).await;
        let text = text.as_str().unwrap();
        assert_eq!(status, 200);
        assert!(text.contains(r#"facilitator_answers_total{endpoint="settle",outcome="invalid_payload"} 1"#), "{text}");
        assert_eq!(ask(&app, get("/settle")).await.0, 405);
        assert_eq!(ask(&app, get("/")).await.0, 404);
    });
}

#[test]
fn wrong_requests_are_told_apart() {
    run(async {
        let app = app(|config| config.body_bytes_max = 1000).await;
        let (status, told) = ask(&app, post("/verify", "{}")).await;
        assert_eq!(
            (status, &told["isValid"], &told["invalidReason"]),
            (400, &Value::from(false), &Value::from("invalid_payload"))
        );
        let (status, told) = ask(&app, post("/settle", "no")).await;
        assert_eq!((status, &told["success"], &told["transaction"]), (400, &Value::from(false), &Value::from("")));
        assert_eq!(ask(&app, post("/verify", " ".repeat(1001))).await.0, 413);
    });
}

#[test]
fn callers_show_a_key_where_one_is_set() {
    run(async {
        let app = app(|config| config.api_keys = vec![keccak256("a key of some length")]).await;
        let shown =
            |name: &str, value: &str| Request::post("/verify").header(name, value).body(Body::from("{}")).unwrap();
        for (name, value, expected) in [
            ("accept", "*/*", 401),
            ("authorization", "Bearer another", 401),
            ("authorization", "a key of some length", 401),
            ("authorization", "Bearer a key of some length", 400),
            ("x-api-key", "a key of some length", 400),
        ] {
            assert_eq!(ask(&app, shown(name, value)).await.0, expected, "{name}: {value}");
        }
        assert_eq!(ask(&app, get("/metrics")).await.0, 401);
        assert_eq!(ask(&app, get("/supported")).await.0, 200);
    });
}

#[test]
fn without_room_or_node_a_request_is_put_off() {
    run(async {
        let full = app(|config| config.in_flight_max = 0).await;
        let response = full.oneshot(post("/settle", "{}")).await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "1"));
        let health = Health { reasons: vec!["no node".to_owned()], height: 0 };
        let stub = Stub::start().await;
        let app = router(facilitator(config(&stub), 1).await, Arc::new(Mutex::new(health)));
        let (status, told) = ask(&app, get("/health")).await;
        assert_eq!((status, &told["reasons"][0]), (503, &Value::from("no node")));
    });
}

#[test]
fn a_port_for_strangers_wants_a_rule() {
    let at = |listen: &str| FacilitatorConfig::new("http://127.0.0.1:1".to_owned(), listen.parse().unwrap());
    assert!(at("127.0.0.1:0").check().is_ok());
    assert!(at("[::1]:0").check().is_ok());
    assert!(matches!(at("0.0.0.0:0").check(), Err(StartError::Exposed { .. })));
    let mut named = at("0.0.0.0:0");
    named.receivers = vec![Address::ZERO];
    assert!(named.check().is_ok());
}
