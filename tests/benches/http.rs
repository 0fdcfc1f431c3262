//! The cost of an adapter, compared with its HTTP stack, and with plain sockets.
//!
//! ```text
//! cargo bench -p teamwire-tests --bench http
//! ```

fn main() {
    teamwire_benchmarks::http::main();
}
