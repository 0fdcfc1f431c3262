//! Starts the sandbox of the command line.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::{SystemTime, UNIX_EPOCH},
};

use teamwire_sandbox::{ObservedExchange, Sandbox, World};

use crate::options::Options;

/// Starts the sandbox. Returns it with a remark about its address, or an empty one.
///
/// Without options, its address and key are the same in each run, so that a bot keeps its settings. Its ids are not,
/// so that data that a bot has saved in an earlier run does not fit by accident. The key is public, so a sandbox that
/// other machines can reach has another one in each run, unless there is a seed.
pub(crate) fn start(
    options: &Options,
    [default_port, default_page_port]: [u16; 2],
    observe: fn(&ObservedExchange),
) -> io::Result<(Sandbox, String)> {
    let mut notes = Vec::new();
    let page_port = options.page_port.unwrap_or_else(|| {
        let is_in_use = TcpListener::bind(options.page_address(default_page_port)).is_err_and(|it| is_taken(&it));
        if is_in_use {
            notes.push(format!("Port {default_page_port} is in use, so the page is at a free one."));
        }
        if is_in_use { 0 } else { default_page_port }
    });
    let page = options.page_address(page_port);
    let is_local = |address: SocketAddr| address.ip().is_loopback() && page.ip().is_loopback();
    let seed = options.seed.unwrap_or_else(random_seed);
    let start_at = |port| {
        let address = options.address(port);
        let mut builder = Sandbox::builder().bind(address).page(page).observe(observe);
        builder = options.page_hosts.iter().fold(builder, |builder, host| builder.page_host(host));
        builder = builder.seed(seed);
        builder = options.data.iter().fold(builder, |builder, folder| builder.data(folder));
        if options.bind.is_some() || options.page_bind.is_some() {
            builder = builder.allow_remote();
        }
        // Given also to a world that was kept, so that it follows from the options alone.
        let key = World::new(if options.seed.is_none() && is_local(address) { 0 } else { seed }).bot_key();
        builder.key(key.app_id, key.secret).start()
    };
    let sandbox = match options.port {
        Some(port) => start_at(port)?,
        None => match start_at(default_port) {
            Err(error) if is_taken(&error) => {
                notes.push(format!("Port {default_port} is in use, so this sandbox listens on a free one."));
                start_at(0)?
            }
            result => result?,
        },
    };
    if !sandbox.address().ip().is_loopback() {
        notes.push("Other machines can reach this address, and the traffic is not encrypted.".to_owned());
    }
    if !page.ip().is_loopback() {
        notes.push("Other machines can reach the page, and so control this sandbox.".to_owned());
    }
    Ok((sandbox, notes.join("\n")))
}

/// Returns true if a port cannot be used. Windows reserves ranges of ports, for which permission is denied.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().rotate_left(32) ^ u64::from(now.subsec_nanos()) ^ u64::from(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(options: &Options, default_port: u16) -> (Sandbox, String) {
        start(options, [default_port, 0], |_| {}).expect("a port is free")
    }

    #[test]
    fn free_port_replaces_a_default_port_that_is_in_use() {
        let other = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let taken = other.local_addr().expect("it is bound").port();
        let (sandbox, note) = started(&Options::default(), taken);
        assert_ne!(sandbox.address().port(), taken);
        assert_eq!(note, format!("Port {taken} is in use, so this sandbox listens on a free one."));
        let requested = Options { port: Some(taken), ..Options::default() };
        let error = start(&requested, [0, 0], |_| {}).expect_err("the port is in use");
        assert!(error.to_string().contains(&taken.to_string()), "{error}");
    }

    #[test]
    fn page_has_a_free_port_if_its_default_is_in_use() {
        let other = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let taken = other.local_addr().expect("it is bound").port();
        let (sandbox, note) = start(&Options::default(), [0, taken], |_| {}).expect("a port is free");
        assert!(sandbox.page_address().is_some_and(|page| page.port() != taken));
        assert_eq!(note, format!("Port {taken} is in use, so the page is at a free one."));
        let remote = Options { page_bind: "0.0.0.0".parse().ok(), ..Options::default() };
        let [(one, note), (other, _)] = [(); 2].map(|()| started(&remote, 0));
        assert!(one.address().ip().is_loopback() && note.contains("control this sandbox"), "{note}");
        assert_ne!(one.secret(), other.secret());
    }

    #[test]
    fn key_is_the_same_in_each_run_and_ids_are_not() {
        let post = |sandbox: &Sandbox| sandbox.as_person("u-anna").post("t-lobby", "x").expect("she is a member");
        let key = |sandbox: &Sandbox| (sandbox.app_id().to_owned(), sandbox.secret().to_owned());
        let [(one, note), (other, _)] = [(); 2].map(|()| started(&Options::default(), 0));
        assert_eq!((key(&one), note.as_str()), (key(&other), ""));
        assert_ne!(post(&one), post(&other));
        let seed = Options { seed: Some(7), ..Options::default() };
        let [(one, _), (other, _)] = [(); 2].map(|()| started(&seed, 0));
        assert_eq!((key(&one), post(&one)), (key(&other), post(&other)));
    }

    #[test]
    fn key_is_secret_if_other_machines_can_reach_the_sandbox() {
        let remote = Options { bind: "0.0.0.0".parse().ok(), ..Options::default() };
        let [(one, note), (other, _)] = [(); 2].map(|()| started(&remote, 0));
        assert_ne!(one.secret(), other.secret());
        assert!(note.contains("Other machines"), "{note}");
    }
}
