use teamwire_core::claim::{Call, ClaimRequest, Claimed, Member, Outcome, Release, Save, Saved, StoreError, View};

/// A store of the claims and checkpoints of replicas, such as a folder, Redis or a database.
///
/// The methods block. One thread of a process calls them, one after the other. [`conformance`](super::conformance) has
/// a suite that checks an implementation.
///
/// # Requirements
///
/// - **Each claim, save and release of a feed is atomic**, also among processes: two members never hold a feed at the
///   same time, and a save is compared and done in one step. The feeds of one call need not change together.
/// - **The clock is that of the store**, or the same for all members. Time is compared with that of the last renewal of
///   a member. If the clock is behind that, it was set back: the renewal then counts as one of now, and is stored as
///   such, so that this costs at most one more lease.
/// - **Records do not expire**: the checkpoint of a feed, its fence and its tries are kept for years. Only members may
///   be removed, after their lease.
/// - **Calls end in time**: each has a timeout, well below a third of a lease. After an error the connection is
///   dropped, so that nothing that was sent arrives much later.
/// - **Errors name the store, and no secret.** [`StoreError::unavailable`] is repeated; [`StoreError::unusable`] ends
///   the bot.
pub trait ClaimStore: Send + 'static {
    /// Renews the lease of the member, and with it all of its claims. Returns the active members of the fleet, oldest
    /// first.
    ///
    /// A member that is unknown or whose lease has expired joins again, as the youngest, with another
    /// [`joined`](View::joined).
    ///
    /// # Errors
    ///
    /// `Unavailable` if it is unknown whether the lease was renewed; `Unusable` if the store cannot be used.
    fn renew(&mut self, member: &Member) -> Result<View, StoreError>;

    /// Claims feeds for the member, each of them if
    ///
    /// - its current claim has the id that is wanted: then that claim is returned again, with the same fence;
    /// - it has no current claim, or the lease of the member that holds it has expired: then the new claim has the
    ///   wanted id, and the fence is the greater of the last one plus one, and the microseconds of the store's clock.
    ///   At most `at_most` claims are new.
    ///
    /// Each new claim adds one to the [tries](Claimed::Held::tries). Returns the claims that were granted, and those
    /// that others hold. Feeds that could be claimed if `at_most` were greater are left out.
    ///
    /// # Errors
    ///
    /// `Unavailable` if it is unknown which of the feeds were claimed; `Unusable` if the store cannot be used.
    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError>;

    /// Saves checkpoints. Returns a result for each, in their order.
    ///
    /// A checkpoint is saved if its claim is still the current one of the feed, by its id, and its number is greater
    /// than that of the last save. Then the tries are one again: the current claim. With a number that is not greater,
    /// nothing changes, and the result is still [`Saved::Yes`].
    ///
    /// An expired lease does not matter, as long as no other claim was granted: what was handled is to be saved. If the
    /// store has no record of the feed, the result is [`Saved::Lost`].
    ///
    /// # Errors
    ///
    /// `Unavailable` if it is unknown which of the checkpoints were saved; `Unusable` if the store cannot be used.
    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError>;

    /// Releases claims, by their ids, so that the next member can claim the feeds at once. Takes one from the tries,
    /// unless the release [`is_unfinished`](Release::is_unfinished). Claims that are not the current ones are ignored.
    ///
    /// # Errors
    ///
    /// `Unavailable` if it is unknown which of the claims were released; `Unusable` if the store cannot be used.
    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError>;

    /// Removes the member. Its claims, if there are any left, can be granted to others at once.
    ///
    /// # Errors
    ///
    /// `Unavailable` if it is unknown whether the member was removed; `Unusable` if the store cannot be used.
    fn leave(&mut self, member: &Member) -> Result<(), StoreError>;
}

impl<S: ClaimStore + ?Sized> ClaimStore for Box<S> {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        (**self).renew(member)
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        (**self).claim(member, wanted, at_most)
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        (**self).save(member, saves)
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        (**self).release(member, releases)
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        (**self).leave(member)
    }
}

/// Performs a call of a [`Replica`](teamwire_core::claim::Replica).
pub fn perform(store: &mut (impl ClaimStore + ?Sized), member: &Member, call: &Call) -> Outcome {
    match call {
        Call::Renew => Outcome::Renew(store.renew(member)),
        Call::Claim(wanted, at_most) => Outcome::Claim(store.claim(member, wanted, *at_most)),
        Call::Save(saves) => Outcome::Save(store.save(member, saves)),
        Call::Release(releases) => Outcome::Release(store.release(member, releases)),
        Call::Leave => Outcome::Leave(store.leave(member)),
    }
}
