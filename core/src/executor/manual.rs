//! An executor that returns the machines instead of driving them.

use alloc::boxed::Box;

use super::Executor;
use crate::{config::Config, effect::Now, flow::Flow, machine::Feed, session::Session, shared::Shared};

/// Returns the machine of each operation to the caller, who polls it and passes it the replies.
///
/// For callers with their own event loop, and for tests.
///
/// ```
/// use teamwire_core::{
///     effect::{Moment, Now, TransportError, TransportErrorKind},
///     executor::Manual,
///     machine::{Machine, Reply, Step},
///     Client, Config, Credentials,
/// };
///
/// # use chrono::DateTime;
/// let config = Config::new("https://teamwire.example.org", Credentials::new("app-id", "secret")?)?;
/// let now = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH);
/// let client = Client::new(Manual::new(config, [7; 32], now));
///
/// let chat = client.chats().chat("7MQKchz6wsSzmWTVnppGAc");
/// let mut post = chat.post("hello");
/// let Step::Send(ticket, exchange) = post.poll(now) else { panic!("expected a request") };
/// assert_eq!(exchange.request.uri().path(), "/v1/chats/7MQKchz6wsSzmWTVnppGAc/messages");
///
/// post.handle(now, ticket, Reply::Error(TransportError::new(TransportErrorKind::Connect, "no route to host")));
/// assert!(matches!(post.poll(now), Step::Sleep(_)), "it waits before it retries");
/// # Ok::<(), teamwire_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Manual {
    session: Session,
    now: Shared<Now>,
}

impl Manual {
    /// Creates an executor. `entropy` is that of [`Session::new`].
    ///
    /// `now` is the time for operations without a machine, such as [`location_sharing_active_chats`], until
    /// [`set_now`](Self::set_now).
    ///
    /// [`location_sharing_active_chats`]: crate::Chats::location_sharing_active_chats
    pub fn new(config: Config, entropy: [u8; 32], now: Now) -> Self {
        Self { session: Session::new(config, entropy), now: Shared::new(now) }
    }

    /// Sets the time for all clones. Machines do not use it: each call of theirs takes the time.
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

    fn with_session(&self, session: Session) -> Self {
        Self { session, now: self.now.clone() }
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
