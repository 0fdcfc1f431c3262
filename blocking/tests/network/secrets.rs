//! Nothing secret is in a log line or a `Debug`.

use teamwire_blocking::Body;
use ureq::http::Method;

use crate::support::{ME, Server, accept, as_is, client, config, fault, logged, response};

#[test]
fn no_level_of_the_log_has_credentials() {
    for tunnels in [true, false] {
        let proxy = Server::new(move |listener| {
            let mut peer = accept(listener);
            if tunnels {
                peer.request();
                peer.send("HTTP/1.1 200 OK\r\n\r\n");
            }
            assert_eq!(peer.serve(200, ME).header("authorization"), ["Basic YXBwLWlkOnRoZSBzZWNyZXQ="]);
        });
        let config = config("http://backend.invalid").with_tunnel_for_plain_http(tunnels);
        let config = config.with_proxy(&format!("http://user:p%40ss@{}", proxy.address)).expect("a proxy");
        let client = client(config);
        let log = logged(|| {
            response(&client, |exchange| {
                *exchange.request.method_mut() = Method::POST;
                *exchange.request.body_mut() = Body::from(b"the message".to_vec());
            });
        });
        proxy.done();

        assert!(log.contains("host:.backend.invalid"), "rows are not put together: {log}");
        for secret in ["the secret", "YXBwLWlkOn", "p@ss", "p%40ss", "dXNlcjpwQHNz", "the.message"] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    }
}

#[test]
fn no_debug_has_credentials() {
    let client =
        client(config("http://backend.invalid").with_proxy("http://user:p%40ss@127.0.0.1:1").expect("a proxy"));
    let fault = fault(&client, as_is);
    let debug = format!("{client:?} {:?} {fault:?}", client.executor());
    assert!(debug.contains("backend.invalid"), "{debug}");
    for secret in ["the secret", "YXBwLWlkOn", "p@ss", "p%40ss", "dXNlcjpwQHNz"] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
}
