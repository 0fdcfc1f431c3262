//! Proxies that would receive the credentials unencrypted.

use teamwire_core::{Config, Credentials};

use super::refused;

fn keys() -> Credentials {
    Credentials::new("app", "secret").expect("they are fine")
}

const ELSEWHERE: [&str; 5] = [
    "http://proxy.example.org:3128",
    "http://user:password@192.0.2.1:3128",
    "http://[2001:db8::1]:3128",
    // The whole host is compared, and nothing else.
    "http://localhost@proxy.example.org",
    "http://localhost.example.org",
];

#[test]
fn remote_proxy_is_not_sent_the_credentials_in_the_clear() {
    for base in ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"] {
        for proxy in ELSEWHERE {
            for tunnel in [false, true] {
                let config = Config::new(base, keys()).expect("it is on this machine");
                let config = config.with_tunnel_for_plain_http(tunnel);
                refused(config.with_proxy(proxy), "proxy URL", "in the clear");
            }
        }
    }
}

#[test]
fn proxy_may_be_anywhere_if_it_sees_no_credentials() {
    for proxy in ELSEWHERE {
        let config = Config::new("https://teamwire.example.org", keys()).expect("it is a URL");
        drop(config.with_proxy(proxy).expect("TLS hides them from it"));
        let config = Config::new_insecure("http://teamwire.example.org", keys()).expect("it is a URL");
        drop(config.with_proxy(proxy).expect("it was allowed to"));
    }
    for proxy in ["http://localhost:3128", "http://127.0.0.1:3128", "http://[::1]:3128"] {
        let config = Config::new("http://localhost:8080", keys()).expect("it is on this machine");
        drop(config.with_proxy(proxy).expect("it is on this machine, too"));
    }
}
