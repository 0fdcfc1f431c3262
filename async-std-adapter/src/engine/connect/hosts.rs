//! Addresses of hosts: concurrent lookups of the same host are shared.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
    time::{Duration, Instant},
};

use futures_util::future::{FutureExt, Shared};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::PreferredAddresses;

use super::error_chain;
use crate::{engine::deadline::Deadline, runtime::Runtime};

/// Maximum number of concurrent lookups. On most runtimes each occupies a thread until it ends.
const MAX_LOOKUPS: usize = 4;
/// Age from which a lookup in progress is not shared any more, as a new one may succeed earlier.
const MAX_SHARED_AGE: Duration = Duration::from_secs(5);

type LookedUp = Result<Vec<SocketAddr>, Arc<io::Error>>;

/// Hosts by name and port.
#[derive(Default)]
pub(super) struct Hosts {
    lookups: Mutex<Lookups>,
    preferred: PreferredAddresses,
}

/// Lookups in progress, and some that have ended, which are removed when the next one starts.
#[derive(Default)]
struct Lookups(Vec<Lookup>);

struct Lookup {
    host: String,
    port: u16,
    started: Instant,
    result: Shared<Pin<Box<dyn Future<Output = LookedUp> + Send>>>,
}

impl Hosts {
    /// Returns the addresses of this host, in the order of the attempts.
    pub(super) async fn addresses<R: Runtime>(
        &self,
        host: &str,
        port: u16,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Vec<SocketAddr>, TransportError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        deadline.enter_phase("looking up the host");
        let lookup = self.look_up(host, port, deadline.runtime());
        let Some(lookup) = lookup else {
            let why = format!("{host}: {MAX_LOOKUPS} lookups of other hosts have not ended");
            return Err(TransportError::new(TransportErrorKind::Resolve, why));
        };
        let addresses = deadline.race(lookup).await?.map_err(|error| unresolved(host, &error))?;
        if addresses.is_empty() {
            return Err(TransportError::new(TransportErrorKind::Resolve, format!("{host} has no address")));
        }
        Ok(self.preferred.order(host, port, addresses))
    }

    /// Sets the address of this host to try first the next time; `None` restores the order of the lookup.
    pub(super) fn prefer(&self, host: &str, port: u16, address: Option<SocketAddr>) {
        self.preferred.set(host, port, address);
    }

    fn look_up<R: Runtime>(
        &self,
        host: &str,
        port: u16,
        runtime: &R,
    ) -> Option<impl Future<Output = LookedUp> + use<R>> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner).get_or_start(host, port, runtime)
    }
}

impl Lookups {
    /// Returns the lookup of this host that is in progress, or a new one; `None` if there are too many.
    ///
    /// An abandoned lookup is kept until it ends, for the next caller: its thread is busy either way.
    fn get_or_start<R: Runtime>(
        &mut self,
        host: &str,
        port: u16,
        runtime: &R,
    ) -> Option<impl Future<Output = LookedUp> + use<R>> {
        // The result of a finished lookup may be out of date.
        self.0.retain(|lookup| !lookup.has_ended());
        let is_full = self.0.len() >= MAX_LOOKUPS;
        let same = self.0.iter().rev().find(|lookup| lookup.host == host && lookup.port == port);
        match same {
            Some(same) if is_full || same.started.elapsed() < MAX_SHARED_AGE => return Some(same.result.clone()),
            None if is_full => return None,
            _ => {}
        }
        let (runtime, name) = (runtime.clone(), host.to_owned());
        let result = async move { runtime.resolve(&name, port).await.map_err(Arc::new) };
        let lookup = Lookup { host: host.to_owned(), port, started: Instant::now(), result: result.boxed().shared() };
        let result = lookup.result.clone();
        self.0.push(lookup);
        Some(result)
    }
}

impl Lookup {
    fn has_ended(&self) -> bool {
        self.result.clone().poll_unpin(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

fn unresolved(host: &str, error: &io::Error) -> TransportError {
    // An error of the operating system (too many open files, for instance) is not about the name. (On Windows, every
    // error is one of the operating system.)
    let is_system = cfg!(unix) && error.raw_os_error().is_some();
    let kind = if is_system { TransportErrorKind::Connect } else { TransportErrorKind::Resolve };
    TransportError::new(kind, format!("{host}: {}", error_chain::text(error)))
}
