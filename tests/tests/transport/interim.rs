//! Interim responses are skipped.

use teamwire_core::effect::Body;
use teamwire_tests::{executor_test, harness::Harness};

use crate::support::{Server, client, posting, response, unchanged};

const INTERIM: [&str; 4] = [
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nx-powered-by: y\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nlink: </a>,\r\n </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n",
];

#[executor_test(transports)]
fn interim_responses_are_passed_over_whatever_they_contain<H: Harness>() {
    for interim in INTERIM {
        for length in [1, 7, 1_000] {
            let server = Server::each(move |_, mut peer| {
                while peer.try_request().is_some() {
                    let whole = format!("{interim}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                    whole.as_bytes().chunks(length).for_each(|piece| assert!(peer.send(piece)));
                }
            });
            let client = client::<H>(&server);
            assert_eq!(response::<H>(&client, posting(Body::from(b"hello".to_vec()))).body(), b"ok", "{interim}");
            assert_eq!(response::<H>(&client, unchanged).body(), b"ok", "{interim}");
            assert_eq!(server.connections(), 1, "{interim}");
        }
    }
}
