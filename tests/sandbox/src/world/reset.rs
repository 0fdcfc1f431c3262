//! Starting a world anew.

use super::state::World;

impl World {
    /// Replaces all data by that of a new world, except for the key of the organisation's first bot, the rate limit and
    /// the limit of assets. Pending polls end, and all earlier cursors expire.
    ///
    /// Returns the names of the files that are not needed any more.
    pub fn reset(&mut self, seed: u64, epoch: u64) -> Vec<String> {
        let key = self.bot_key();
        let mut new = Self::new(seed);
        new.bots[0].key = key;
        new.begin_epoch(epoch);
        new.rate_limit = self.rate_limit;
        new.asset_limit = self.asset_limit;
        // Polls that are pending are resumed, and find their chats and subscriptions gone or their cursors expired.
        new.revision = self.revision + 1;
        let old = std::mem::replace(self, new);
        old.assets.by_id.values().filter_map(|asset| asset.content.file().map(str::to_owned)).collect()
    }
}
