//! A backend of the example protocol of `tests/protocols`: a server that translates each request to requests of the
//! wire contract, which a sandbox performs.
//!
//! So everything happens in the sandbox's world, with its people, settings and faults, and its transcript shows the
//! translated requests. Whatever the sandbox sends that is not its own response (a fault) is passed on unchanged, and a
//! connection that it cuts is cut here, too.

mod attachments;
mod connection;
mod documents;
mod form;
mod json;
mod lists;
mod reply;
mod routes;
mod sessions;
mod shared;
mod upstream;

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use self::{sessions::Sessions, shared::Shared};
use crate::operations::Operation;

/// The operations that the protocol does not have, and why.
pub const UNSUPPORTED: [(Operation, &str); 8] = [
    (Operation::GetActiveSharedLocations, "it has no live locations"),
    (Operation::StopSharingLocation, "it has no live locations"),
    (Operation::UnsubscribeLocationUpdates, "it has no live locations"),
    (Operation::UpdateSharedLocation, "it has no live locations"),
    (Operation::RefreshSharedLocations, "it has no live locations"),
    (Operation::GetByTitle, "it has no search"),
    (Operation::UnsubscribeReactionUpdates, "it has neither a list of new reactions nor subscriptions"),
    (Operation::UnsubscribeEvents, "it has no feed of all events"),
];

/// The running server. Dropping it ends the server; connections end with their clients.
#[derive(Debug)]
pub struct SecondBackend {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl SecondBackend {
    /// Serves the sandbox at this address. `app_id` and `secret` are the name and the password of the bot.
    pub fn start(upstream: SocketAddr, app_id: &str, secret: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener that is bound has an address");
        let sessions = Sessions::new(app_id, secret);
        let shared = Arc::new(Shared { upstream, sessions, is_over: AtomicBool::new(false) });
        let server = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if server.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&server);
                thread::spawn(move || connection::serve(stream, |request| routes::respond(&shared, request)));
            }
        });
        Self { address, shared }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends all sessions, as if they had expired.
    pub fn expire_sessions(&self) {
        self.shared.sessions.expire_all();
    }

    /// Refuses all further logins.
    pub fn change_password(&self) {
        self.shared.sessions.change_password();
    }

    /// The number of logins so far, including refused ones.
    pub fn logins(&self) -> usize {
        self.shared.sessions.logins()
    }
}

impl Drop for SecondBackend {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}
