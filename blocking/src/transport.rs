//! How ureq gets its connections. All that touches `ureq::unversioned` is in here, as it may change in any 3.x.
//!
//! ```text
//!   ConnectProxyConnector ──► Dial ──► Wire      what ureq reads from and writes to
//!   (a tunnel, or nothing)   (TCP, TLS)   (few, whole writes; notes what left)
//! ```
//!
//! For a tunnel, the same chain first makes the connection to the proxy.

mod dial;
mod link;
mod trip;
mod wire;

use std::sync::Arc;

use rustls::ClientConfig;
use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{ConnectProxyConnector, Connector, NextTimeout},
    },
};

use self::dial::Dial;
pub(crate) use self::trip::Trip;

/// How much is read or written at once, at most.
pub(crate) const BUFFER: usize = 64 << 10;

/// An agent with these settings, whose connections are the ones in here. Whether it can be shut down while it connects.
pub(crate) fn agent(settings: Config, tls: Arc<ClientConfig>, interruptible: bool) -> Agent {
    let dial = Dial { tls, proxied: settings.proxy().is_some(), interruptible };
    let chain = ().chain(ConnectProxyConnector::default()).chain(dial);
    Agent::with_parts(settings, chain, Later)
}

/// Looks nothing up.
///
/// ureq resolves the host for every request, also for one that goes over a connection it has; and its own resolver
/// starts a thread for that if there is a timeout. Here the address is looked up by [`Dial`], when there is a
/// connection to make: then a thread is a small price for a look-up that ends in time, a host that moves is found, and
/// a name server that is down does no harm to the connections there are.
#[derive(Debug)]
struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
