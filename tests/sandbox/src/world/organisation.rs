//! The organisation that every world starts with.

use super::state::{
    World,
    chat::{Chat, Kind},
    directory::{Group, User},
};

/// The ids of the organisation that every world starts with; the same for every seed.
pub mod org {
    /// The name of the organisation.
    pub const NAME: &str = "Northwind City Works";

    /// The bot whose key the sandbox returns, "Ops Bot".
    pub const BOT: &str = "u-ops-bot";

    /// Anna Berg, head of operations; an admin of the [`LOBBY`].
    pub const ANNA: &str = "u-anna";
    /// Ben Okafor, control room; the admin of the [`NOTICES`].
    pub const BEN: &str = "u-ben";
    /// Clara Weiss, control room.
    pub const CLARA: &str = "u-clara";
    /// David Lindqvist, on call.
    pub const DAVID: &str = "u-david";
    /// Emma Rossi, on call.
    pub const EMMA: &str = "u-emma";
    /// Farid Nazari, field team.
    pub const FARID: &str = "u-farid";
    /// Greta Sommer, field team.
    pub const GRETA: &str = "u-greta";
    /// Henry Zhang, field team.
    pub const HENRY: &str = "u-henry";
    /// All of the above by `uid`; they are active and visible to bots.
    pub const PEOPLE: [&str; 8] = [ANNA, BEN, CLARA, DAVID, EMMA, FARID, GRETA, HENRY];

    /// Ivan Petrov, deleted: not listed, and cannot become a member.
    pub const IVAN: &str = "u-ivan";
    /// Jana Novak, active but invisible to bots, which cannot add her to a chat.
    pub const JANA: &str = "u-jana";

    /// "Control room", a circle: Anna, Ben and Clara.
    pub const CONTROL_ROOM: &str = "g-control-room";
    /// "On call", Anna's list: David and Emma.
    pub const ON_CALL: &str = "g-on-call";
    /// "Everyone", a public circle: all of [`PEOPLE`].
    pub const EVERYONE: &str = "g-everyone";

    /// "Lobby", a group chat of the bot, Anna, Ben and Clara. The bot and Anna administer it.
    pub const LOBBY: &str = "t-lobby";
    /// "Notices", a group chat of Ben, David and the bot. Ben created and administers it.
    pub const NOTICES: &str = "t-notices";
}

const PEOPLE: [(&str, &str, &str); 10] = [
    (org::ANNA, "Anna", "Berg"),
    (org::BEN, "Ben", "Okafor"),
    (org::CLARA, "Clara", "Weiss"),
    (org::DAVID, "David", "Lindqvist"),
    (org::EMMA, "Emma", "Rossi"),
    (org::FARID, "Farid", "Nazari"),
    (org::GRETA, "Greta", "Sommer"),
    (org::HENRY, "Henry", "Zhang"),
    (org::IVAN, "Ivan", "Petrov"),
    (org::JANA, "Jana", "Novak"),
];

fn group(title: &str, members: &[&str]) -> Group {
    Group {
        title: title.to_owned(),
        members: members.iter().map(|&uid| uid.to_owned()).collect(),
        owner: None,
        is_circle: true,
        is_list: false,
        is_public: false,
    }
}

impl World {
    /// Creates a world with the organisation in [`org`]. All its ids come from the seed.
    pub fn new(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        world.add_organisation();
        world
    }

    /// Adds the organisation's users, groups and chats.
    fn add_organisation(&mut self) {
        let users = &mut self.directory.users;
        users.insert(org::BOT.to_owned(), User::new("Ops", "Bot", org::NAME, true));
        for (uid, first_name, last_name) in PEOPLE {
            let is_visible = uid != org::JANA;
            let is_active = uid != org::IVAN;
            users.insert(
                uid.to_owned(),
                User { is_active, is_visible, ..User::new(first_name, last_name, org::NAME, false) },
            );
        }
        let groups = &mut self.directory.groups;
        let control_room = group("Control room", &[org::ANNA, org::BEN, org::CLARA]);
        groups.insert(org::CONTROL_ROOM.to_owned(), control_room);
        let on_call = group("On call", &[org::DAVID, org::EMMA]);
        let owner = Some(org::ANNA.to_owned());
        groups.insert(org::ON_CALL.to_owned(), Group { owner, is_circle: false, is_list: true, ..on_call });
        groups.insert(org::EVERYONE.to_owned(), Group { is_public: true, ..group("Everyone", &org::PEOPLE) });

        self.issue_key(org::BOT.to_owned());
        self.add_chat(org::LOBBY, "Lobby", &[org::BOT, org::ANNA, org::BEN, org::CLARA], &[org::BOT, org::ANNA]);
        self.add_chat(org::NOTICES, "Notices", &[org::BEN, org::DAVID, org::BOT], &[org::BEN]);
    }

    fn add_chat(&mut self, tid: &str, title: &str, users: &[&str], admins: &[&str]) {
        self.chats_made += 1;
        let mut chat = Chat::new(tid.to_owned(), self.chats_made, Kind::Group, title.to_owned());
        chat.roster.users = users.iter().map(|&uid| uid.to_owned()).collect();
        chat.roster.admins = admins.iter().map(|&uid| uid.to_owned()).collect();
        self.chats.insert(tid.to_owned(), chat);
    }
}
