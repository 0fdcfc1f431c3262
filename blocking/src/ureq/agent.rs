use ureq::{
    Agent, Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use super::connector::NetworkConnector;

/// An agent with these settings, whose connections are made by this.
pub(super) fn agent(settings: Config, dial: NetworkConnector) -> Agent {
    Agent::with_parts(settings, dial, DeferredResolver)
}

/// Looks nothing up.
///
/// ureq resolves the host for every request, also for one that uses a connection it has; and its own resolver starts a
/// thread for each look-up with a time limit. Here the address is looked up by [`NetworkConnector`], when there is a connection to
/// make: so a host that moves is found, and a name server that is down does no harm to the connections there are.
#[derive(Debug)]
struct DeferredResolver;

impl Resolver for DeferredResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
