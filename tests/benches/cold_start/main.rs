//! First requests of programs that have just started.
//!
//! Each client is created and used once in a process of its own, over TLS or without, to a server in this process. The
//! name of the server is looked up, as it is in a program. The stacks take turns.
//!
//! ```text
//! cargo bench -p teamwire-tests --bench cold_start
//! ```

#![expect(clippy::print_stdout, reason = "the benchmark prints a table")]

mod client;

use std::env;

use teamwire_benchmarks::{process::Process, table::Table};
use teamwire_core::script::sample;
use teamwire_test_support::{Authority, Server, response};

use self::client::Cost;

const STACKS: [&str; 4] = ["blocking", "async-std", client::RUNNING, "smol"];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["client", stack, url] => client::run(stack, url, None),
        ["client", stack, url, certificate] => client::run(stack, url, Some(certificate)),
        // Without this argument, as in `cargo test --all-targets`, this only checks that everything runs.
        _ if arguments.contains(&"--bench") => report(200),
        _ => report(1),
    }
}

fn report(rounds: usize) {
    let authority = Authority::new("a CA of the benchmark");
    let me = response(200, &sample::bot().to_string());
    let plain = Server::always(&me);
    let tls = Server::always_over_tls(authority.server("localhost"), &me);
    let urls = [format!("http://localhost:{}", plain.address.port()), tls.https("localhost")];
    let certificates = [None, Some(authority.pem())];

    let mut costs = STACKS.map(|_| [Vec::new(), Vec::new()]);
    for _ in 0..rounds {
        for (stack, costs) in STACKS.iter().zip(&mut costs) {
            for (transport, costs) in costs.iter_mut().enumerate() {
                costs.push(measure(stack, &urls[transport], certificates[transport]));
            }
        }
    }
    let medians = costs.map(|costs| costs.map(Cost::median));
    let mut table = Table::new([
        "",
        "without TLS: time, µs",
        "to blocking",
        "CPU, µs",
        "to blocking",
        "with TLS: time, µs",
        "to blocking",
        "CPU, µs",
        "to blocking",
    ]);
    for (stack, costs) in STACKS.iter().zip(&medians) {
        let mut row = vec![(*stack).to_owned()];
        for (cost, first) in costs.iter().zip(&medians[0]) {
            row.extend([format!("{:.0}", cost.time), format!("{:.2}", cost.time / first.time)]);
            row.extend([format!("{:.0}", cost.cpu), format!("{:.2}", cost.cpu / first.cpu)]);
        }
        table.push(row);
    }
    println!("{table}");
}

/// Measures the first request of a process.
fn measure(stack: &str, url: &str, certificate: Option<&str>) -> Cost {
    let mut arguments = vec!["client", stack, url];
    arguments.extend(certificate);
    Cost::parse(&Process::start(&arguments).read_line())
}
