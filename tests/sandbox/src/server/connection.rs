//! One connection, served by hyper until it ends or a fault cuts it.

use std::{future::poll_fn, sync::Arc};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    connection_end::{self, ConnectionHandle},
    exchange,
    outages::OutagesBefore,
    shared::Shared,
};

/// Serves a connection until it ends.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _counted = shared.observed.count_connection();
    // During an outage, dropping the stream closes it.
    let Some(connection) = shared.outages.before() else { return };
    let serve = serve_http(stream, shared.clone(), connection);
    tokio::select! {
        biased;
        // Dropping the stream closes it.
        () = shared.outages.cut(connection) => {}
        () = serve => {}
    }
}

async fn serve_http(stream: TcpStream, shared: Arc<Shared>, connection: OutagesBefore) {
    // Responses are small and written at once, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let handle = ConnectionHandle::default();
    let service = {
        let handle = handle.clone();
        service_fn(move |request| Box::pin(exchange::serve(shared.clone(), connection, handle.clone(), request)))
    };
    let mut http = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    // An error means that the client has disconnected or sent invalid HTTP, to which hyper has responded.
    let _ = poll_fn(|cx| http.poll_without_shutdown(cx)).await;
    let stream = http.into_parts().io.into_inner();
    match handle.take_end() {
        Some(end) => {
            let _ = end.execute(stream).await;
        }
        None => connection_end::close(stream).await,
    }
}
