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

/// Creates an agent with these settings, whose connections this connector makes.
pub(super) fn agent(settings: Config, connector: NetworkConnector) -> Agent {
    Agent::with_parts(settings, connector, DeferredResolver)
}

/// A resolver that leaves lookups to the connector.
///
/// ureq resolves the host for every request, even if it has a connection; and its own resolver starts a thread for each
/// lookup with a timeout. [`NetworkConnector`] looks the host up when it makes a connection, so that changes of DNS
/// take effect, and an outage of DNS does not affect open connections.
#[derive(Debug)]
struct DeferredResolver;

impl Resolver for DeferredResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
