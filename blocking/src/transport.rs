//! How ureq gets its connections. All that touches `ureq::unversioned` is in here, as it may change in any 3.x.
//!
//! ```text
//!   Dial ─────────────────────────────► Wire           what ureq reads from and writes to
//!   (look-up, TCP, a tunnel, TLS)         │ Buffers    responses, repaired as they arrive
//!                                         │ Link       TCP or TLS, both directions at once
//!                                         │ Keeping    when it may serve another exchange
//!                                         └ Trip       what exchange and connection know of each other
//! ```

mod buffers;
mod dial;
mod framing;
mod keeping;
mod limits;
mod link;
mod proxy;
mod trip;
mod wire;

use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

pub(crate) use self::{
    dial::Dial,
    keeping::Suspicion,
    limits::Limits,
    proxy::{authorization, forwards},
    trip::Trip,
};

/// An agent with these settings, whose connections are made by this.
pub(crate) fn agent(settings: Config, dial: Dial) -> Agent {
    Agent::with_parts(settings, dial, Later)
}

/// Looks nothing up.
///
/// ureq resolves the host for every request, also for one that uses a connection it has; and its own resolver starts a
/// thread for each look-up with a time limit. Here the address is looked up by [`Dial`], when there is a connection to
/// make: so a host that moves is found, and a name server that is down does no harm to the connections there are.
#[derive(Debug)]
struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
