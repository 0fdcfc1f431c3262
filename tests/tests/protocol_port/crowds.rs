//! Many operations at once, by hand: all of them need the same login.

use std::time::Duration;

use teamwire_core::{
    Client, Error,
    effect::{Exchange, Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step, Ticket},
    model::Message,
};
use teamwire_tests::{TokenProtocol, operations};

use crate::support::{by_hand, config, expired_reply, posted_reply, token_of, token_reply};

/// Time between request and response.
const LATENCY: Duration = Duration::from_millis(40);

/// A server with one valid token at a time.
#[derive(Debug, Default)]
struct Server {
    tokens: usize,
    logins_in_flight: usize,
    /// The number of requests after which the token expires.
    expires_after: Option<usize>,
    posts: usize,
}

/// An operation and its next action.
struct Caller<'a> {
    flow: Box<dyn Flow<Output = Message> + 'a>,
    next: Next,
    /// Set while its login is in flight.
    logs_in: bool,
    requests: usize,
}

enum Next {
    Poll(Moment),
    Reply(Moment, Ticket, Reply),
    Ended(Result<(), Error>),
}

impl Server {
    fn handle(&mut self, exchange: &Exchange) -> Reply {
        if exchange.request.uri().path() == TokenProtocol::LOGIN {
            assert_eq!(self.logins_in_flight, 0, "two logins at once");
            self.logins_in_flight += 1;
            self.tokens += 1;
            return token_reply(&self.token());
        }
        let token = token_of(exchange).expect("no request is sent without a token");
        self.posts += 1;
        if self.expires_after.take_if(|after| self.posts > *after).is_some() {
            // The token that is valid now is one that no login has returned.
            self.tokens += 1;
        }
        if token == self.token() { posted_reply() } else { expired_reply() }
    }

    fn token(&self) -> String {
        format!("token-number-{}", self.tokens)
    }
}

/// Runs posts of clones of one client, which start one after another. Returns the number of requests of each.
fn run(server: &mut Server, client: &Client<Manual>, callers: usize, between: Duration) -> Vec<usize> {
    let chats: Vec<_> = (0..callers).map(|_| client.clone().chats().chat("c1")).collect();
    let start = operations::now();
    let mut callers: Vec<_> = (0..)
        .zip(&chats)
        .map(|(nth, chat)| {
            let flow = chat.post("hello");
            Caller { flow, next: Next::Poll(start.moment.saturating_add(between * nth)), logs_in: false, requests: 0 }
        })
        .collect();
    loop {
        let due = callers.iter_mut().filter_map(|caller| caller.next.due().map(|due| (due, caller)));
        let Some((due, caller)) = due.min_by_key(|(due, _)| *due) else { break };
        caller.step(server, Now::new(due, start.utc));
    }
    callers.into_iter().map(Caller::requests).collect()
}

impl Next {
    fn due(&self) -> Option<Moment> {
        match self {
            Self::Poll(due) | Self::Reply(due, ..) => Some(*due),
            Self::Ended(_) => None,
        }
    }
}

impl Caller<'_> {
    fn step(&mut self, server: &mut Server, now: Now) {
        if let Next::Reply(_, ticket, reply) = std::mem::replace(&mut self.next, Next::Poll(now.moment)) {
            server.logins_in_flight -= usize::from(std::mem::take(&mut self.logs_in));
            self.flow.handle(now, ticket, reply);
        }
        self.next = match self.flow.poll(now) {
            Step::Send(ticket, exchange) => {
                self.logs_in = exchange.request.uri().path() == TokenProtocol::LOGIN;
                self.requests += usize::from(!self.logs_in);
                Next::Reply(now.moment.saturating_add(LATENCY), ticket, server.handle(&exchange))
            }
            Step::Sleep(until) => Next::Poll(until),
            Step::Done(result) => Next::Ended(result.map(drop)),
            Step::File(..) | Step::Event(_) => panic!("it sends requests only"),
        };
    }

    fn requests(self) -> usize {
        let Next::Ended(result) = self.next else { panic!("each operation has ended") };
        result.expect("no operation fails");
        self.requests
    }
}

#[test]
fn clones_log_in_once() {
    let (mut server, client) = (Server::default(), by_hand(config(TokenProtocol::default())));
    let requests = run(&mut server, &client, 64, Duration::ZERO);
    assert_eq!((server.tokens, requests), (1, vec![1; 64]));
}

#[test]
fn expiry_costs_each_operation_at_most_one_more_request() {
    for between in [Duration::ZERO, Duration::from_millis(1), Duration::from_millis(7)] {
        for posts_once in [false, true] {
            let config = config(TokenProtocol { posts_once, ..TokenProtocol::default() });
            let (mut server, client) = (Server::default(), by_hand(config));
            server.expires_after = Some(500);
            let requests = run(&mut server, &client, 1_000, between);
            assert_eq!(server.tokens, 3, "one login before and one after the expiry");
            assert!(requests.iter().all(|requests| (1..=2).contains(requests)), "{requests:?}");
            assert!(requests.contains(&2), "the token expires");
        }
    }
}
