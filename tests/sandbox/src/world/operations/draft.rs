//! Messages to post, and the schema of their JSON.

use serde_json::Value;

use super::attachments::{self, Attachment, LiveLocation};
use crate::world::{
    contract::{
        json_object::{self, JsonObject},
        problem::Problem,
    },
    state::message::AlertType,
};

/// A message to post.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) msg: Option<String>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) alert_type: Option<AlertType>,
    pub(crate) reply_to: Option<String>,
    pub(crate) sender_display_name: Option<String>,
}

impl Draft {
    pub(crate) fn is_empty(&self) -> bool {
        self.msg.is_none() && self.attachments.is_empty()
    }

    pub(crate) fn live_location(&self) -> Option<LiveLocation> {
        self.attachments.iter().find_map(|attachment| match attachment {
            Attachment::LiveLocation(live) => Some(*live),
            _ => None,
        })
    }

    /// Reads a `MessageDraft`.
    pub(crate) fn read(body: &Value) -> Result<Self, Problem> {
        json_object::read(body, |object| {
            let alert_type = object.one_of("alert_type", &["alert", "announcement", "note"]);
            let draft = Self {
                alert_type: alert_type.map(|word| match word {
                    "alert" => AlertType::Alert,
                    "announcement" => AlertType::Announcement,
                    _ => AlertType::Note,
                }),
                reply_to: object.id("reply_to"),
                sender_display_name: object.string("sender_display_name", 1..=64),
                ..Self::read_content(object, "msg")
            };
            if object.has_none_of(&["msg", "attachments"]) {
                object.error_here("needs text or an attachment");
            }
            Some(draft)
        })
    }

    /// Reads the text, from the member `text`, and the attachments.
    pub(crate) fn read_content(object: &mut JsonObject<'_>, text: &'static str) -> Self {
        let msg = object.string(text, 1..=10_000);
        let attachments = object.objects("attachments", 1..=50, attachments::read).unwrap_or_default();
        let live = attachments.iter().filter(|it| matches!(it, Attachment::LiveLocation(_))).count();
        if live > 1 {
            object.error("attachments", "must contain at most one live_location");
        }
        Self { msg, attachments, ..Self::default() }
    }
}
