//! The cost of an adapter, compared with its HTTP stack, and with plain sockets.
//!
//! ```text
//! cargo bench -p teamwire-tests --bench http
//! ```
//!
//! `tests/peers` compares them with other clients, too.

#![expect(clippy::print_stdout, reason = "the benchmark prints tables")]

use std::env;

use teamwire_benchmarks::http::{
    Mode, client,
    report::{self, ADAPTERS, Effort, STACKS},
    server,
};

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", mode] => server::serve(Mode::from_name(mode), &server::routes()),
        ["client", mode, stack, port] => {
            client::run(Mode::from_name(mode), stack, port.parse().expect("the port is a number"));
        }
        // `cargo bench` passes this argument; without it, as in `cargo test --all-targets`, this only checks that
        // everything runs.
        _ if arguments.contains(&"--bench") => print(Effort::Full),
        _ => print(Effort::Check),
    }
}

fn print(effort: Effort) {
    let report = report::measure(effort, &STACKS);
    println!("{}\n{}", report.table(), report.comparison(&ADAPTERS));
}
