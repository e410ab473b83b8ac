use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// How long a connection may take to send the head of a request, idle time before it included.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long to wait when the machine has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers connections until `shutdown` ends, then finishes what was begun and returns.
///
/// From then on no connection is accepted, idle ones are closed, and requests under way have
/// `grace` to finish. Connections that are still open after that are cut off.
///
/// # Errors
/// None at present: trouble with one connection ends that connection only.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    shutdown: impl Future<Output = ()> + Send,
    grace: Duration,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let watcher = graceful.watcher();
                    let connection = connection(stream, app.clone());
                    connections.spawn(async move {
                        if let Err(error) = watcher.watch(connection).await {
                            tracing::debug!(%error, "a connection broke off");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener); // callers get "refused" and may turn elsewhere, instead of waiting in the queue
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections did not finish in time and are cut off");
    }
    connections.shutdown().await;
    Ok(())
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<AppService>>;
type AppService = tower::util::BoxCloneSyncService<hyper::Request<Incoming>, axum::response::Response, Infallible>;

fn connection(stream: TcpStream, app: Router) -> Connection {
    // Answers are small; to wait for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service =
        AppService::new(app.map_request(|request: hyper::Request<Incoming>| request.map(axum::body::Body::new)));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}
