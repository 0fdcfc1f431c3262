//! The memory of feeds that are driven by a thread each, in a process of its own.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use teamwire_core::FeedSet;
use teamwire_test_support::config;

/// Returns the resident memory of a feed, in bytes: that of a process with this number of feeds, all of which wait for
/// the response to a long poll that is not their first, without that of a process without feeds.
pub(crate) fn of_a_blocking_feed(feeds: u32) -> u64 {
    (resident(feeds) - resident(0)) / u64::from(feeds)
}

/// Returns the resident memory of a process with this number of feeds.
fn resident(feeds: u32) -> u64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("the listener is bound").port();
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    let command = command.args(["client", &port.to_string(), &feeds.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it can be started");
    let (waits, waiting) = mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (socket, waits) = (socket.expect("a connection can be accepted"), waits.clone());
            let serve = move || hold_second_request(socket, &waits);
            thread::Builder::new().stack_size(64 << 10).spawn(serve).expect("a thread");
        }
    });
    (0..feeds).for_each(|_| waiting.recv().expect("the server runs"));
    let mut input = child.stdin.take().expect("its input is piped");
    let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let mut line = String::new();
    writeln!(input).and_then(|()| output.read_line(&mut line)).expect("the process runs");
    child.kill().and_then(|()| child.wait()).expect("it is a process of this one");
    line.trim().parse().expect("it is a number")
}

/// Responds to the first request, and holds the second one.
fn hold_second_request(mut socket: TcpStream, waits: &mpsc::Sender<()>) {
    let body = r#"{"items":[],"cursor":"b2xkZXIgdGhhbiB0aGlzMTIz"}"#;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut request = || matches!(socket.read(&mut [0; 4_096]), Ok(1..));
    if !request() {
        return;
    }
    socket.write_all((head + body).as_bytes()).expect("the client waits");
    if matches!(socket.read(&mut [0; 4_096]), Ok(1..)) {
        waits.send(()).expect("the benchmark waits");
    }
    // Until the client ends.
    let _ = socket.read(&mut [0]);
}

/// Follows this number of feeds. Writes the resident memory after a line of input.
pub(crate) fn follow(port: &str, feeds: usize) {
    let client = teamwire_blocking::client(config(&format!("http://127.0.0.1:{port}"))).expect("it is valid");
    let mut set = FeedSet::new();
    for key in 0..feeds {
        set.insert(key, client.chats().chat(format!("7MQKchz6wsSzmWT{key:07}")).new_messages(None).into_feed());
    }
    let driver = client.executor().drive(set, feeds).expect("the threads can be started");
    thread::spawn(move || driver.for_each(drop));
    stdin().read_line(&mut String::new()).expect("the benchmark writes it");
    writeln!(stdout(), "{}", resident_now()).expect("the benchmark reads it");
    thread::park();
}

/// Returns the resident memory of this process, in bytes.
fn resident_now() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has resident memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("it is a number") << 10
}
