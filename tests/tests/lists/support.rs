//! Pages of users and messages, on scripts.

use serde_json::Value;
use teamwire_core::{
    Error, Script,
    executor::Executor,
    flow::ListItems,
    machine::Feed,
    model::User,
    script::{Respond, v1::sample},
};
use teamwire_tests::harness::{AsyncStd, Blocking, Harness, Smol};

/// An adapter, and its view of a script.
pub(crate) trait Scripted: Harness {
    fn scripted(script: &Script) -> teamwire_core::Client<Self::X>;

    /// Returns how the list ended.
    fn end<F: Feed + 'static>(events: &<Self::X as Executor>::Events<F>) -> Option<&F::Output>
    where
        Self: Sized;
}

impl Scripted for Blocking {
    fn scripted(script: &Script) -> teamwire_core::Client<Self::X> {
        teamwire_blocking::scripted(script)
    }

    fn end<F: Feed + 'static>(events: &teamwire_blocking::Events<F>) -> Option<&F::Output> {
        events.end()
    }
}

impl Scripted for AsyncStd {
    fn scripted(script: &Script) -> teamwire_core::Client<Self::X> {
        teamwire_async_std::scripted(script)
    }

    fn end<F: Feed + 'static>(events: &teamwire_async_std::Events<F>) -> Option<&F::Output> {
        events.end()
    }
}

impl Scripted for Smol {
    fn scripted(script: &Script) -> teamwire_core::Client<Self::X> {
        teamwire_async_std::smol::scripted(script)
    }

    fn end<F: Feed + 'static>(events: &teamwire_async_std::Events<F>) -> Option<&F::Output> {
        events.end()
    }
}

/// The users of a list.
pub(crate) type Users<H> = <<H as Harness>::X as Executor>::Events<ListItems<User>>;

/// A page of users, and the cursor of the next one.
pub(crate) fn users(uids: &[&str], next: Option<&str>) -> Respond {
    page(sample::page(uids.iter().map(|uid| sample::user(uid, uid, ""))), next)
}

pub(crate) fn page(mut page: Value, next: Option<&str>) -> Respond {
    page["next_cursor"] = next.into();
    Respond::json(200, page)
}

/// Reads up to `limit` further items. Returns their ids, and the error that ended the list.
pub(crate) fn read<H: Harness>(users: &mut Users<H>, limit: usize) -> (Vec<String>, Option<Error>) {
    let mut uids = Vec::new();
    while uids.len() < limit {
        match H::next(users) {
            Some(Ok(user)) => uids.push(user.uid.to_string()),
            Some(Err(error)) => return (uids, Some(error)),
            None => break,
        }
    }
    (uids, None)
}
