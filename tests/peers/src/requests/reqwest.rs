//! reqwest on tokio, without TLS.

use std::future::Future;

use http::HeaderMap;
use reqwest::Client;
use teamwire_benchmarks::http::{
    Mode, Verb,
    client::{self, AsyncWorker, Runtime},
    responses, stacks,
};
use tokio::runtime::{self, Builder};

/// A runtime of tokio.
pub(super) struct Tokio(runtime::Runtime);

/// Returns the usual runtime, with a thread for each core.
pub(super) fn threads() -> Tokio {
    Tokio::new(&mut Builder::new_multi_thread())
}

/// Returns the runtime without threads.
pub(super) fn one_thread() -> Tokio {
    Tokio::new(&mut Builder::new_current_thread())
}

/// Runs the client process.
pub(super) fn run(mode: Mode, runtime: &Tokio, port: u16) {
    let worker = Worker::new(port);
    client::tasks(runtime, vec![worker; mode.workers()]);
}

impl Tokio {
    fn new(builder: &mut Builder) -> Self {
        Self(builder.enable_all().build().expect("threads can be started"))
    }
}

impl Runtime for Tokio {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
        let task = self.0.spawn(future);
        async { task.await.expect("requests do not fail") }
    }
}

#[derive(Clone)]
struct Worker {
    client: Client,
    /// URL and headers of each kind of request. The client has those of all requests.
    requests: [(String, HeaderMap); 2],
}

impl Worker {
    fn new(port: u16) -> Self {
        let [get, post] = Verb::ALL.map(|verb| stacks::request(verb, port).body(()).expect("the request is valid"));
        let defaults = get.headers().clone();
        let client = Client::builder().no_proxy().timeout(stacks::TIMEOUT).default_headers(defaults.clone());
        let requests = [get, post].map(|request| {
            let mut headers = request.headers().clone();
            defaults.keys().for_each(|name| drop(headers.remove(name)));
            (request.uri().to_string(), headers)
        });
        Self { client: client.build().expect("the settings are valid"), requests }
    }
}

impl AsyncWorker for Worker {
    async fn request(&mut self, verb: Verb) {
        let [(get, _), (post, headers)] = &self.requests;
        let request = match verb {
            Verb::Get => self.client.get(get),
            Verb::Post => self.client.post(post).headers(headers.clone()).body(responses::request_body()),
        };
        let response = request.send().await.expect("the request succeeds");
        responses::decode(verb, &response.bytes().await.expect("the response has a body"));
    }
}
