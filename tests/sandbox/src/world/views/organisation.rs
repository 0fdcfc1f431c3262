//! The organisation: people, groups, bots and switches.

use serde_json::{Map, Value, json};

use crate::world::{
    organisation::org,
    state::{World, bots::Bot, directory::User, org_settings::OrgSettings},
};

impl World {
    /// Everything about the organisation that an admin sees.
    pub(crate) fn organisation_view(&self) -> Value {
        json!({
            "name": org::NAME,
            "people": self.people_view(),
            "groups": self.directory.groups.keys().map(|gid| self.directory.group_json(gid)).collect::<Vec<_>>(),
            "bots": self.bots.iter().map(|bot| self.bot_view(bot)).collect::<Vec<_>>(),
            "switches": switches_view(self.org_settings),
            "rate_limit": self.rate_limit.map(|it| json!({ "per_second": it.per_second, "burst": it.burst })),
            "asset_limit": self.asset_limit,
        })
    }

    /// All people, including deleted ones and those hidden from bots.
    fn people_view(&self) -> Value {
        let people = self.directory.users.iter().filter(|(_, user)| !user.is_bot);
        let view = |(uid, user): (&String, &User)| {
            let mut view = self.directory.user_json(uid);
            view["is_deleted"] = json!(!user.is_active);
            view["is_hidden"] = json!(!user.is_visible);
            view
        };
        people.map(view).collect()
    }

    fn bot_view(&self, bot: &Bot) -> Value {
        let mut view = self.directory.user_json(&bot.key.uid);
        view["app_id"] = json!(bot.key.app_id);
        view["is_revoked"] = json!(bot.revoked);
        view
    }
}

/// The names and values of the switches.
fn switches_view(settings: OrgSettings) -> Value {
    let mut settings = settings;
    let entry = |(name, switch): (&str, &mut bool)| (name.to_owned(), json!(*switch));
    settings.switches().into_iter().map(entry).collect::<Map<_, _>>().into()
}
