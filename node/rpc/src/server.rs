//! Listening, connections, stopping.

use crate::api::{Api, NetworkHooks};
use crate::config::{Namespace, RpcConfig};
use crate::filters::Filters;
use crate::front::{Front, bodies_room};
use crate::gate::{GateLayer, GateState};
use crate::methods;
use crate::metrics::RpcMetrics;
use crate::pending::PendingHashes;
use crate::stall::StallGuard;
use crate::subscribe::{HexIds, track_blocks, track_pool};
use assay_chain::Chain;
use futures::future::BoxFuture;
use http::Request;
use hyper::body::Incoming;
use jsonrpsee::server::middleware::rpc::RpcServiceBuilder;
use jsonrpsee::server::{
    BatchRequestConfig, HttpResponse, Methods, PingConfig, RegisterMethodError, ServerBuilder, ServerConfig,
    ServerHandle, StopHandle, serve_with_graceful_shutdown, stop_channel,
};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long calls that run may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the server does not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("{listen} is in use by another process; stop it, or choose another port ({option})")]
    InUse {
        /// Where to listen.
        listen: SocketAddr,
        /// The option that sets the port.
        option: &'static str,
    },
    /// The system refuses the address.
    #[error("cannot listen on {listen}: {error}")]
    Listen {
        /// Where to listen.
        listen: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// Two methods have one name.
    #[error("invalid method table: {0}")]
    Methods(#[from] RegisterMethodError),
}

/// Opens a listening socket.
///
/// # Errors
/// `InUse`, `Listen`.
pub async fn listen(listen: SocketAddr, option: &'static str) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse { listen, option },
        _ => ServeError::Listen { listen, error },
    };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// A running server.
#[derive(Debug)]
pub struct RpcHandle {
    address: SocketAddr,
    stopping: watch::Sender<bool>,
    server: ServerHandle,
    acceptor: tokio::task::JoinHandle<()>,
    trackers: Vec<tokio::task::JoinHandle<()>>,
}

impl RpcHandle {
    /// Where it listens, HTTP and WebSocket alike.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more calls, lets those that run finish for two seconds, and closes every connection.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        // An error says that it has stopped already.
        let _ = self.server.stop();
        for tracker in self.trackers {
            tracker.abort();
            // It ends by the abort, and lets go of the chain.
            let _ = tracker.await;
        }
        // The acceptor cannot fail but by a panic, which is logged where it happens.
        let _ = self.acceptor.await;
    }
}

/// Serves a chain. Runs on the runtime of the caller: one that consensus does not share keeps consensus undisturbed.
/// `network` tells what the node knows of its peers.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(
    config: RpcConfig,
    chain: Chain,
    metrics: RpcMetrics,
    network: NetworkHooks,
) -> Result<RpcHandle, ServeError> {
    let (stopping, stops) = watch::channel(false);
    let (events, blocks) = (chain.subscribe(), chain.subscribe_blocks());
    let (heads_sender, heads) = watch::channel(chain.head().number());
    let api = Arc::new(Api {
        filters: Filters::new(config.limits.filters, config.limits.filter_idle),
        pending: PendingHashes::default(),
        burned: tokio::sync::Mutex::default(),
        metrics: metrics.clone(),
        config: config.clone(),
        chain,
        network,
        heads,
        stopping: stops,
    });
    let tracked = Arc::downgrade(&api);
    let (module, names) = methods::module(api)?;
    let mut handle = start(config, module.into(), names, metrics, stopping).await?;
    handle.trackers = vec![
        tokio::spawn(track_blocks(tracked.clone(), blocks, heads_sender)),
        tokio::spawn(track_pool(tracked, events)),
    ];
    Ok(handle)
}

/// Serves methods.
pub(crate) async fn start(
    config: RpcConfig,
    methods: Methods,
    names: Vec<&'static str>,
    metrics: RpcMetrics,
    stopping: watch::Sender<bool>,
) -> Result<RpcHandle, ServeError> {
    let (listener, address) = listen(config.listen, "--rpc-port").await?;
    warn_of_exposure(&config, address);
    let (stop, server) = stop_channel();
    let gate = GateLayer(Arc::new(GateState::new(&config.limits, names, metrics.clone())));
    let services = ServerBuilder::with_config(library_config(&config))
        .set_rpc_middleware(RpcServiceBuilder::new().layer(gate))
        .to_service_builder();
    let bodies = Arc::new(Semaphore::new(bodies_room(&config)));
    let front = Arc::new(Front { config, metrics, bodies, services, methods, stop });
    let acceptor = tokio::spawn(accept(listener, front));
    Ok(RpcHandle { address, stopping, server, acceptor, trackers: Vec::new() })
}

fn warn_of_exposure(config: &RpcConfig, address: SocketAddr) {
    let served = config.served();
    if address.ip().is_loopback() {
        return;
    }
    for namespace in [Namespace::Debug, Namespace::Txpool, Namespace::Dev] {
        if served.contains(&namespace) {
            tracing::warn!("namespace {} is served on {address}, to everybody", namespace.name());
        }
    }
}

fn library_config(config: &RpcConfig) -> ServerConfig {
    let limits = &config.limits;
    let ping = PingConfig::new()
        .ping_interval(limits.idle_timeout / 4)
        .inactive_limit(limits.idle_timeout / 2)
        .max_failures(1);
    ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        // Connections are counted where they are accepted.
        .max_connections(u32::MAX)
        .max_subscriptions_per_connection(limits.subscriptions_per_connection)
        .set_message_buffer_capacity(limits.subscription_buffer.max(1))
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_entries))
        .enable_ws_ping(ping)
        .set_id_provider(HexIds)
        .build()
}

async fn accept(listener: TcpListener, front: Arc<Front>) {
    let limits = front.config.limits.clone();
    let places = Arc::new(Semaphore::new(limits.connections as usize));
    let mut connections = JoinSet::new();
    let stopped = front.stop.clone().shutdown();
    tokio::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, usually: wait for connections to end.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            front.metrics.reject("too_many_connections");
            turn_away(&stream);
            continue;
        };
        // Without it small answers would wait for acknowledgements; it fails only on a closed socket.
        let _ = stream.set_nodelay(true);
        let guarded = StallGuard::new(stream, limits.idle_timeout, limits.stall_timeout, place, front.metrics.clone());
        connections.spawn(connection(guarded, peer, Arc::clone(&front)));
    }
    drop(listener);
    // A call that waits for a block, or a client that does not read, is not waited for.
    let _ = tokio::time::timeout(STOP_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
    connections.abort_all();
}

/// Says why, as far as the socket takes it at once.
fn turn_away(stream: &TcpStream) {
    const BODY: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"too many connections","data":{"reason":"too_many_connections","retryAfterMs":1000}}}"#;
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let _ = stream.try_write(answer.as_bytes());
}

/// What the HTTP side answers.
type Answer = Result<HttpResponse, Infallible>;

async fn connection(stream: StallGuard, peer: SocketAddr, front: Arc<Front>) {
    let stop: StopHandle = front.stop.clone();
    let service = tower::service_fn(move |request: Request<Incoming>| {
        let front = Arc::clone(&front);
        let answer: BoxFuture<'static, Answer> = Box::pin(async move { Ok(front.serve(request, peer).await) });
        answer
    });
    if let Err(error) = serve_with_graceful_shutdown(stream, service, stop.shutdown()).await {
        tracing::debug!("connection of {peer} ended: {error}");
    }
}
