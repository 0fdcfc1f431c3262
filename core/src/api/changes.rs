//! Changes of a chat as flows, shared by [`ChatRef`] and [`Chat`](super::Chat).

use alloc::vec::Vec;

use super::ChatRef;
use crate::{
    error::Error,
    executor::Executor,
    flow::{Flow, Inspect, LoadImage},
    model::{ChatInfo, GroupId, Image, UserId},
    protocol::EndpointResult,
};

impl<X: Executor> ChatRef<X> {
    pub(super) fn add_endpoint<U: Into<UserId>, G: Into<GroupId>>(
        &self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> EndpointResult<Option<ChatInfo>> {
        self.protocol().add_members(self.tid(), &collect(users), &collect(groups))
    }

    pub(super) fn remove_endpoint<U: Into<UserId>, G: Into<GroupId>>(
        &self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> EndpointResult<Option<ChatInfo>> {
        self.protocol().remove_members(self.tid(), &collect(users), &collect(groups))
    }

    /// `checked` is an error that is known before anything is sent.
    pub(super) fn leave_flow(&self, checked: Result<(), Error>) -> impl Flow<Output = ()> + use<X> {
        self.share_ending_flow(checked.and_then(|()| self.protocol().leave_chat(self.tid())))
    }

    pub(super) fn close_flow(&self) -> impl Flow<Output = Option<ChatInfo>> + use<X> {
        self.share_ending_flow(self.protocol().close_chat(self.tid()))
    }

    pub(super) fn set_avatar_flow(&self, image: Image) -> impl Flow<Output = Option<ChatInfo>> + use<X> {
        let (session, tid) = (self.session().clone(), self.tid().clone());
        LoadImage::new(&session, image).then(move |bytes| session.call(session.protocol().set_avatar(&tid, bytes)))
    }

    /// Runs a request that ends the bot's location share in this chat if it succeeds.
    pub(super) fn share_ending_flow<T: Send>(&self, endpoint: EndpointResult<T>) -> impl Flow<Output = T> + use<X, T> {
        let (ledger, tid) = (self.session().ledger().clone(), self.tid().clone());
        Inspect::new(self.session().call(endpoint), move |_, outcome: Result<&T, &Error>| {
            if outcome.is_ok() {
                ledger.end(&tid);
            }
        })
    }
}

pub(super) const NO_USERS: [UserId; 0] = [];
pub(super) const NO_GROUPS: [GroupId; 0] = [];

fn collect<I, T: Into<I>>(ids: impl IntoIterator<Item = T>) -> Vec<I> {
    ids.into_iter().map(Into::into).collect()
}
