//! One connection, served by hyper until it ends or a fault cuts it.

use std::{future::poll_fn, sync::Arc};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    connection_end::{self, ConnectionHandle},
    exchange,
    shared::Shared,
};

/// Serves a connection until it ends.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _counted = shared.observed.count_connection();
    let mut down = shared.down.subscribe();
    let serve = serve_http(stream, shared.clone());
    tokio::select! {
        biased;
        // Dropping the stream closes it.
        _ = down.wait_for(|is_down| *is_down) => {}
        () = serve => {}
    }
}

async fn serve_http(stream: TcpStream, shared: Arc<Shared>) {
    // Responses are small and written at once, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let handle = ConnectionHandle::default();
    let service = {
        let handle = handle.clone();
        service_fn(move |request| Box::pin(exchange::serve(shared.clone(), handle.clone(), request)))
    };
    let mut connection =
        http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    // An error means that the client has disconnected or sent invalid HTTP, to which hyper has responded.
    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let stream = connection.into_parts().io.into_inner();
    match handle.take_end() {
        Some(end) => {
            let _ = end.execute(stream).await;
        }
        None => connection_end::close(stream).await,
    }
}
