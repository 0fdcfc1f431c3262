//! The addresses of hosts: look-ups, shared by all that wait for the same, and which address is tried first.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
    time::{Duration, Instant},
};

use futures_util::future::{FutureExt, Shared};
use teamwire_core::{Fault, FaultKind};
use teamwire_std::interleave_families;

use super::error_chain;
use crate::{engine::deadline::Deadline, runtime::Runtime};

/// Maximum number of look-ups at once. On most runtimes each holds a thread, for as long as it hangs.
const MAX_LOOK_UPS: usize = 4;
/// Age from which a look-up that has not ended is not waited for by itself: another one may succeed meanwhile.
const MAX_SHARED_WAIT: Duration = Duration::from_secs(5);
/// Maximum number of hosts of which the best address is known.
const MAX_PREFERRED: usize = 16;

type LookedUp = Result<Vec<SocketAddr>, Arc<io::Error>>;

/// Hosts by name and port.
#[derive(Default)]
pub(super) struct Hosts(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Those that have not ended, and some that have: it is seen when the next one begins.
    look_ups: Vec<LookUp>,
    preferred: Vec<(String, u16, SocketAddr)>,
}

struct LookUp {
    host: String,
    port: u16,
    begun: Instant,
    result: Shared<Pin<Box<dyn Future<Output = LookedUp> + Send>>>,
}

impl Hosts {
    /// Returns the addresses of this host, in the order in which they are to be tried.
    pub(super) async fn addresses<R: Runtime>(
        &self,
        host: &str,
        port: u16,
        deadline: &mut Deadline<'_, R>,
    ) -> Result<Vec<SocketAddr>, Fault> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        deadline.enter_phase("looking up the host");
        let look_up = self.lock().look_up(host, port, deadline.runtime());
        let Some(look_up) = look_up else {
            let why = format!("{host}: {MAX_LOOK_UPS} look-ups of other hosts have not ended");
            return Err(Fault::new(FaultKind::Resolve, why));
        };
        let addresses = deadline.race(look_up).await?.map_err(|error| unresolved(host, &error))?;
        if addresses.is_empty() {
            return Err(Fault::new(FaultKind::Resolve, format!("{host} has no address")));
        }
        let mut addresses = interleave_families(addresses);
        let known = self.lock();
        let preferred = known.preferred.iter().find(|(name, at, _)| name == host && *at == port);
        if let Some(place) = preferred.and_then(|(.., best)| addresses.iter().position(|address| address == best)) {
            addresses[..=place].rotate_right(1);
        }
        Ok(addresses)
    }

    /// Has this address of the host tried first the next time; without one, the one that is the first by the look-up.
    pub(super) fn prefer(&self, host: &str, port: u16, address: Option<SocketAddr>) {
        let preferred = &mut self.lock().preferred;
        preferred.retain(|(name, at, _)| name != host || *at != port);
        if preferred.len() == MAX_PREFERRED {
            preferred.remove(0);
        }
        preferred.extend(address.map(|address| (host.to_owned(), port, address)));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Returns the look-up of this host that is under way, or a new one; `None` if there are too many.
    ///
    /// One without a waiter is kept until it has ended, for the next caller: its thread is busy either way.
    fn look_up<R: Runtime>(
        &mut self,
        host: &str,
        port: u16,
        runtime: &R,
    ) -> Option<impl Future<Output = LookedUp> + use<R>> {
        // What has ended says how things were then.
        self.look_ups.retain(|look_up| !look_up.has_ended());
        let is_full = self.look_ups.len() >= MAX_LOOK_UPS;
        let same = self.look_ups.iter().rev().find(|look_up| look_up.host == host && look_up.port == port);
        match same {
            Some(same) if is_full || same.begun.elapsed() < MAX_SHARED_WAIT => return Some(same.result.clone()),
            None if is_full => return None,
            _ => {}
        }
        let (runtime, name) = (runtime.clone(), host.to_owned());
        let result = async move { runtime.resolve(&name, port).await.map_err(Arc::new) };
        let look_up = LookUp { host: host.to_owned(), port, begun: Instant::now(), result: result.boxed().shared() };
        let result = look_up.result.clone();
        self.look_ups.push(look_up);
        Some(result)
    }
}

impl LookUp {
    fn has_ended(&self) -> bool {
        self.result.clone().poll_unpin(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

fn unresolved(host: &str, error: &io::Error) -> Fault {
    // An error of the operating system says nothing of the name: there are too many open files, say. (On Windows, every error
    // is one of the operating system.)
    let is_system = cfg!(unix) && error.raw_os_error().is_some();
    let kind = if is_system { FaultKind::Connect } else { FaultKind::Resolve };
    Fault::new(kind, format!("{host}: {}", error_chain::text(error)))
}
