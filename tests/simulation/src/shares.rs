//! What the process says of the locations it shares, against what is known of them.

use teamwire_sandbox::world::org;

use super::{
    broken::{Broken, broken},
    chore::Task,
    disk::SavedShares,
    process::Process,
    universe::Universe,
};

impl Process<'_> {
    /// A chore has ended: what the process knows of its shares by that.
    pub(super) fn note_shares(&mut self, run: &mut Universe, task: Task, well: bool) {
        let (client, known, supposed) = self.shares();
        match task {
            Task::Share(tid, lat) if well => {
                known.retain(|(it, _)| *it != tid);
                known.push((tid, lat));
                supposed.push(tid);
            }
            Task::StopSharing(tid) if well => {
                known.retain(|(it, _)| *it != tid);
                supposed.retain(|it| *it != tid);
            }
            _ if !task.is_about_shares() => return,
            _ => {}
        }
        let saved = client.chats().save_shared_locations();
        let json = serde_json::to_string(&saved).expect("a ledger can be written");
        run.disk.shares = Some(SavedShares { json, known: known.clone(), skew: run.skew });
    }

    pub(super) fn restore_shares(&mut self, run: &Universe) -> Result<(), Broken> {
        let Some(saved) = &run.disk.shares else { return Ok(()) };
        let (client, known, supposed) = self.shares();
        let Ok(ledger) = serde_json::from_str(&saved.json) else {
            return broken("a saved ledger can be read again", || saved.json.clone());
        };
        client.chats().restore_shared_locations(ledger);
        // If the clock was set in between, nobody can say what has ended.
        if run.skew == saved.skew {
            known.clone_from(&saved.known);
        }
        *supposed = vec![org::LOBBY, org::NOTICES];
        Ok(())
    }

    pub(super) fn check_shares(&mut self, run: &Universe) -> Result<(), Broken> {
        let (client, known, supposed) = self.shares();
        let active = client.chats().location_sharing_active_chats();
        let says = |tid: &str| active.iter().any(|chat| chat.tid().as_str() == tid);
        if client.chats().has_location_sharing_active_chats() == active.is_empty() {
            return broken("the two getters of the ledger agree", || format!("{active:?}"));
        }
        for tid in [org::LOBBY, org::NOTICES] {
            let share = run.server.truth.shares.get(&(tid, org::BOT)).filter(|it| it.expires > run.clock);
            if share.is_some_and(|share| known.contains(&(tid, share.began_at)) && !says(tid)) {
                return broken("a share that is known is in the ledger", || tid.into());
            }
            if says(tid) && !supposed.contains(&tid) {
                return broken("the ledger has no share that never was, or was stopped", || tid.into());
            }
        }
        Ok(())
    }
}
