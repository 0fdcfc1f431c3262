//! An executor that performs nothing: it hands out the machines.

use alloc::boxed::Box;

use crate::{effect::Now, executor::Executor, flow::Flow, machine::Feed, session::Session, shared::Shared};

/// Gives each operation's machine to the caller, who polls it and hands it its replies.
///
/// For those who have an event loop of their own, and for tests.
///
/// ```
/// use teamwire_core::{effect::{Moment, Now, TransportError, TransportErrorKind}, executor::Manual, machine::{Machine, Reply, Step}, Client, Config, Credentials};
///
/// # use chrono::DateTime;
/// let config = Config::new("https://teamwire.example.org", Credentials::new("app-id", "secret")?)?;
/// let now = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH);
/// let client = Client::new(Manual::new(config, [7; 32], now));
///
/// let chat = client.chats().chat("7MQKchz6wsSzmWTVnppGAc");
/// let mut post = chat.post("hello");
/// let Step::Send(ticket, exchange) = post.poll(now) else { panic!("it has something to send") };
/// assert_eq!(exchange.request.uri().path(), "/v1/chats/7MQKchz6wsSzmWTVnppGAc/messages");
///
/// post.handle(now, ticket, Reply::Error(TransportError::new(TransportErrorKind::Connect, "no route to host")));
/// assert!(matches!(post.poll(now), Step::Sleep(_)), "it will try again");
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Manual {
    session: Session,
    now: Shared<Now>,
}

impl Manual {
    /// `entropy` as for [`Session::new`]; `now` is the time for what is asked without a machine, such as
    /// [`location_sharing_active_chats`](crate::Chats::location_sharing_active_chats), until it is [set](Self::set_now).
    pub fn new(config: crate::Config, entropy: [u8; 32], now: Now) -> Self {
        Self { session: Session::new(config, entropy), now: Shared::new(now) }
    }

    /// Sets the time, for all clones. Machines do not need it: they are given the time with each step.
    pub fn set_now(&self, now: Now) {
        self.now.with(|time| *time = now);
    }
}

impl Executor for Manual {
    type Run<'a, T: Send + 'a> = Box<dyn Flow<Output = T> + 'a>;

    type Events<F: Feed + 'static> = F;

    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        self.now.with(|now| *now)
    }

    fn run<'a, F: Flow + 'a>(&'a self, flow: F) -> Self::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        Box::new(flow)
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> F {
        feed
    }
}
