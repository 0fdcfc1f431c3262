//! A description of a world for people.

use std::fmt::Write;

use super::state::World;

impl World {
    /// Describes the bot, and the chats, users and groups that it can see, with their ids: one per line.
    pub fn overview(&self) -> String {
        let users = &self.directory.users;
        let name =
            |uid: &str| users.get(uid).map_or(uid.to_owned(), |user| format!("{} {}", user.first_name, user.last_name));
        let first_name = |uid: &String| users.get(uid).map_or(uid.clone(), |user| user.first_name.clone());
        let names = |uids: &mut dyn Iterator<Item = &String>| uids.map(first_name).collect::<Vec<_>>().join(", ");
        let bot = &self.bot_key().uid;
        let mut lines = Vec::new();
        lines.push(("bot", bot.as_str(), name(bot)));
        for chat in self.chats_of(bot) {
            let members = names(&mut chat.roster.members(&self.directory).into_iter());
            lines.push(("chat", &chat.tid, format!("\"{}\": {members}", chat.title)));
        }
        let people = users.iter().filter(|(_, user)| user.is_active && user.is_visible && !user.is_bot);
        lines.extend(people.map(|(uid, _)| ("user", uid.as_str(), name(uid))));
        for (gid, group) in &self.directory.groups {
            lines.push(("group", gid, format!("\"{}\": {}", group.title, names(&mut group.members.iter()))));
        }
        let width = lines.iter().map(|(_, id, _)| id.len()).max().unwrap_or_default();
        lines.iter().fold(String::new(), |mut text, (kind, id, what)| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{kind:<5}  {id:<width$}  {what}");
            text
        })
    }
}
