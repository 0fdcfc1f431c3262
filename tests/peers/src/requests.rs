//! Requests one at a time and 64 at once, with each client.

mod frankenstein;
mod reqwest;

use teamwire_benchmarks::{
    http::{
        Mode, client,
        report::{self, ADAPTERS, Effort, STACKS, Stack},
        server,
    },
    table::Table,
};

const REQWEST: &str = "reqwest";
const REQWEST_ONE_THREAD: &str = "reqwest-one-thread";
const FRANKENSTEIN: &str = "frankenstein";

/// The other clients.
const PEERS: [Stack; 3] = [
    Stack { name: REQWEST, title: "reqwest on tokio" },
    Stack { name: REQWEST_ONE_THREAD, title: "reqwest on one thread of tokio" },
    Stack { name: FRANKENSTEIN, title: "frankenstein" },
];

/// Runs the server process.
pub(crate) fn serve(mode: Mode) {
    server::serve(mode, &[server::routes(), frankenstein::routes()].concat());
}

/// Runs the client process of a stack.
pub(crate) fn run(mode: Mode, stack: &str, port: u16) {
    // Before the threads of a client are started.
    mode.pin();
    match stack {
        REQWEST => reqwest::run(mode, &reqwest::threads(), port),
        REQWEST_ONE_THREAD => reqwest::run(mode, &reqwest::one_thread(), port),
        FRANKENSTEIN => frankenstein::run(mode, port),
        stack => client::run(mode, stack, port),
    }
}

/// Returns the cost of all clients relative to sockets by hand, and that of the adapters relative to each peer.
pub(crate) fn measure(effort: Effort) -> Vec<Table> {
    let stacks: Vec<Stack> = STACKS.into_iter().chain(PEERS).collect();
    let report = report::measure(effort, &stacks);
    let adapters = ADAPTERS.map(|(adapter, _)| adapter);
    let peers = PEERS.iter().flat_map(|peer| adapters.map(|adapter| (adapter, peer.name)));
    let pairs: Vec<_> = ADAPTERS.into_iter().chain(peers).collect();
    vec![report.table(), report.comparison(&pairs)]
}
