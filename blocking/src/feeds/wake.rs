use std::fmt;

use teamwire_core::StopHandle;

use super::workers::Interrupt;

/// Ends a wait for an event from another thread: of [`Events::next_until`] or [`FeedDriver::next_until`]. Clones are
/// the same handle.
///
/// A bot that also listens on a socket follows its feed in one loop. The thread of the listener passes what it has
/// received to the loop, and wakes it:
///
/// ```
/// use std::sync::mpsc;
/// use teamwire_blocking::{Client, Error, WaitOutcome, Wake};
///
/// /// Posts the texts that other threads send, and prints the events of a feed.
/// fn run(client: &Client, texts: &mpsc::Receiver<String>, wake: &Wake) -> Result<(), Error> {
///     let mut events = client.chats().reaction_updates(None);
///     loop {
///         match events.next_until(wake, None)? {
///             WaitOutcome::Event(event) => println!("{event:?}"),
///             WaitOutcome::Woken | WaitOutcome::TimedOut => {
///                 for text in texts.try_iter() {
///                     client.chats().chat("c1").post(text)?;
///                 }
///             }
///             WaitOutcome::Ended => return Ok(()),
///         }
///     }
/// }
/// # use teamwire_blocking::{Script, script::v1::{expect, respond, sample}, scripted};
///
/// let (wake, (sender, texts)) = (Wake::new(), mpsc::channel());
/// // Usually in another thread.
/// sender.send("The door is open".to_owned()).expect("the loop has the receiver");
/// wake.wake();
/// # let script = Script::new()
/// #     .then(expect::post("c1").text("The door is open"), respond::message(sample::message("m1", "c1", "")))
/// #     .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"));
/// # run(&scripted(&script), &texts, &wake)?;
/// # script.assert_done();
/// # Ok::<(), Error>(())
/// ```
///
/// A wake-up without a waiting thread is kept for the next wait. Several of them are one, so the loop takes everything
/// that has been sent, as above. If several threads wait with the same handle, it wakes all of them.
///
/// [`Events::next_until`]: crate::Events::next_until
/// [`FeedDriver::next_until`]: crate::FeedDriver::next_until
#[derive(Clone, Default)]
#[doc(alias = "Waker")]
pub struct Wake(Interrupt);

impl Wake {
    /// Creates a handle that has not been used yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the current wait, or else the next one.
    #[doc(alias = "notify")]
    pub fn wake(&self) {
        self.0.notify();
    }

    pub(super) const fn interrupt(&self) -> &Interrupt {
        &self.0
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}

/// The outcome of a wait that another thread can end: see [`Wake`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitOutcome<E> {
    /// The event.
    Event(E),
    /// The [`Wake`] was used.
    Woken,
    /// Neither has happened in time.
    TimedOut,
    /// There are no more events.
    Ended,
}

/// The turns of events and wake-ups: if there are both, neither waits for more than one of the other.
#[derive(Default)]
pub(super) struct Turns {
    was_woken: bool,
}

impl Turns {
    /// Returns `true` if it is the turn of a wake-up, and there is one.
    pub(super) fn is_woken(&mut self, wake: &Wake) -> bool {
        let is_next = !std::mem::take(&mut self.was_woken);
        is_next && self.take(wake, &wake.interrupt().handle())
    }

    /// Returns `true` if there is a wake-up, or if there was one during a wait with this handle: another thread that
    /// waits may have taken it, but it is for all.
    pub(super) fn take(&mut self, wake: &Wake, waited: &StopHandle) -> bool {
        self.was_woken = wake.interrupt().take() || waited.is_stopped();
        self.was_woken
    }
}
