//! Every operation that the core has, written once for all executors.
//!
//! A suite iterates over [`Operation::ALL`], and a [`Visitor`] takes what the executor returns for an operation. The
//! table is checked against [`documented()`], so that it is complete.

mod bot;
mod documented;
mod subscription;

use std::fmt::Debug;

use chrono::DateTime;
use http::{HeaderValue, header};
use serde_json::{Value, json};
use teamwire_core::{
    AlertType, Draft, NewChat, ReactionType,
    effect::Response,
    executor::Executor,
    model::{Coordinates, Image, NewOneToOne},
    script::{Respond, sample},
};

pub use self::{
    bot::{
        Bot, ByHandBot, DebugOutput, ENTROPY, RunManually, ScriptBot, ScriptRun, alert, config, now, reaction,
        request_of,
    },
    documented::{Documented, OperationKind, documented},
    subscription::Subscription,
};

/// The chat that the operations of the table are about.
pub const TID: &str = "7MQKchz6wsSzmWTVnppGAc";

/// A small JPEG.
pub const AVATAR: &[u8] = include_bytes!("../fixtures/baseline.jpg");

/// Receives an operation of an executor, with any result type.
pub trait Visitor<X: Executor> {
    /// The outcome.
    type Output;

    /// Receives the return value of the executor for an operation.
    fn visit<'a, T: Debug + Send + 'a>(self, run: X::Run<'a, T>) -> Self::Output
    where
        X: 'a;
}

/// The object that has the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A single chat.
    Chat,
    /// The bot's chats.
    Chats,
    /// The users and groups: an addition of this project.
    Contacts,
}

macro_rules! operations {
    ($($variant:ident = $class:ident $name:literal, $route:literal, $status:literal $json:expr,
       |$bot:ident| $run:expr;)*) => {
        /// An operation that sends a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the name says it")]
        pub enum Operation { $($variant,)* }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the Python SDK, or else in this project.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The object that has the operation.
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// The operation of the wire contract that it calls.
            pub const fn route(self) -> &'static str {
                match self { $(Self::$variant => $route,)* }
            }

            /// The status and the JSON of a sample response. An avatar has no JSON: it is [`AVATAR`].
            pub fn status_and_json(self) -> (u16, Value) {
                match self { $(Self::$variant => ($status, $json),)* }
            }

            /// Calls it on the bot's executor, and passes the result to `visitor`.
            #[allow(deprecated, reason = "deprecated operations are tested too")]
            pub fn run<X: Executor + Debug, V: Visitor<X>>(self, bot: &mut Bot<X>, visitor: V) -> V::Output {
                match self { $(Self::$variant => { let $bot = bot; visitor.visit($run) })* }
            }
        }
    };
}

operations! {
    Post = Chat "post", "post_message", 201 sample::message("m1", TID, "hello"),
        |bot| bot.chat.post(Draft::text("hello").alert(AlertType::Note).sender_display_name("Monitoring"));
    AddMembers = Chat "add_members", "add_members", 200 changed("users"),
        |bot| bot.chat.add_members(["u-anna"], ["g-on-call"]);
    RemoveMembers = Chat "remove_members", "remove_members", 200 changed("users"),
        |bot| bot.chat.remove_members(["u-anna"], ["g-on-call"]);
    Leave = Chat "leave", "leave_chat", 204 Value::Null, |bot| bot.chat.leave();
    AddAdmin = Chat "add_admin", "add_admin", 200 changed("admins"), |bot| bot.chat.add_admin("u-anna");
    RemoveAdmin = Chat "remove_admin", "remove_admin", 200 changed("admins"), |bot| bot.chat.remove_admin("u-anna");
    GetReaders = Chat "get_readers", "list_readers", 200 sample::page([sample::bot()]), |bot| bot.chat.readers();
    MarkAsRead = Chat "mark_as_read", "mark_as_read", 200 sample::page([sample::bot()]), |bot| bot.chat.mark_as_read();
    PullChatFeed = Chat "pull_chat_feed", "list_messages", 200 messages(), |bot| bot.chat.pull_chat_feed(None);
    GetMessages = Chat "get_messages", "list_messages", 200 messages(),
        |bot| bot.chat.messages(DateTime::UNIX_EPOCH);
    Message = Chat "message", "get_message", 200 sample::message("m1", TID, "hello"),
        |bot| bot.chat.message(&bot.alert);
    UpdateTitle = Chat "update_title", "update_chat", 200 changed("title"), |bot| bot.chat.update_title("Ward 3");
    SetAllowSending = Chat "set_allow_sending", "update_chat", 200 changed("allow_sending"),
        |bot| bot.chat.set_allow_sending(false);
    SetAllowMuteNotifications = Chat "set_allow_mute_notifications", "update_chat",
        200 changed("allow_mute_notifications"), |bot| bot.chat.set_allow_mute_notifications(false);
    Close = Chat "close", "close_chat", 200 changed("is_closed"), |bot| bot.chat.close();
    Reopen = Chat "reopen", "reopen_chat", 200 sample::chat(TID, "Night shift"), |bot| bot.chat.reopen();
    // The title was changed meanwhile: the response is the current chat.
    SetAvatar = Chat "set_avatar", "set_avatar", 200 changed("title"),
        |bot| bot.chat.set_avatar(Image::from_bytes(AVATAR));
    RemoveAvatar = Chat "remove_avatar", "remove_avatar", 200 changed("title"), |bot| bot.chat.remove_avatar();
    LoadAvatar = Chat "load_avatar", "get_avatar", 200 Value::Null, |bot| bot.chat.load_avatar();
    GetActiveSharedLocations = Chat "get_active_shared_locations", "count_active_locations",
        200 json!({ "count": 2 }), |bot| bot.chat.active_shared_locations();
    StopSharingLocation = Chat "stop_sharing_location", "stop_sharing_location", 204 Value::Null,
        |bot| bot.chat.stop_sharing_location();
    UnsubscribeLocationUpdates = Chat "unsubscribe_location_updates", "unsubscribe_all_locations", 204 Value::Null,
        |bot| bot.chat.unsubscribe_location_updates();
    SendReaction = Chat "send_am_reaction", "send_reaction", 201 sample::reaction("r1", "m1", TID, "ok"),
        |bot| bot.chat.send_reaction(&bot.alert, ReactionType::Ok);
    GetReactions = Chat "get_am_reactions", "list_reactions",
        200 sample::page([sample::reaction("r1", "m1", TID, "ok")]), |bot| bot.chat.reactions(&bot.alert);
    UpdateReaction = Chat "update_am_reaction", "update_reaction", 200 sample::reaction("r1", "m1", TID, "sos"),
        |bot| bot.chat.update_reaction(&bot.reaction, ReactionType::Sos);
    GetSubscriptions = Chats "get_subscriptions", "list_chats", 200 sample::page([sample::chat(TID, "Night shift")]),
        |bot| bot.client.chats().list();
    GetByThreadId = Chats "get_by_thread_id", "get_chat", 200 sample::chat(TID, "Night shift"),
        |bot| bot.client.chats().by_thread_id(bot.chat.tid());
    GetByTitle = Chats "get_by_title", "list_chats", 200 sample::page([sample::chat(TID, "Night shift")]),
        |bot| bot.client.chats().by_title(bot.chat.title());
    CreateOneToOneChat = Chats "create_one2one_chat", "create_chat", 201 one_to_one(),
        |bot| bot.client.chats().create_one_to_one_chat(NewOneToOne::new("u-anna").message("hello"));
    CreateChat = Chats "create_chat", "create_chat", 201 sample::chat(TID, "Night shift"),
        |bot| {
            let chat = NewChat::titled("Night shift").user("u-anna").group("g-on-call").admin("u-ben");
            bot.client.chats().create_chat(chat)
        };
    UpdateSharedLocation = Chats "update_shared_location", "update_shared_location", 200 json!({ "active": [TID] }),
        |bot| bot.client.chats().update_shared_location(Coordinates::new(48.137, 11.576).expect("it is on earth"));
    RefreshSharedLocations = Chats "refresh_location_shares", "list_shared_locations", 200 shares(),
        |bot| bot.client.chats().refresh_location_shares();
    UnsubscribeReactionUpdates = Chats "unsubscribe_am_reaction_updates", "unsubscribe_all_reactions",
        204 Value::Null, |bot| bot.client.chats().unsubscribe_reaction_updates();
    UnsubscribeEvents = Chats "unsubscribe_events", "unsubscribe_all_events", 204 Value::Null,
        |bot| bot.client.chats().unsubscribe_events();
    Me = Contacts "me", "get_me", 200 sample::bot(), |bot| bot.client.contacts().me();
    Users = Contacts "users", "list_users", 200 sample::page([sample::bot(), sample::user("u-anna", "Anna", "Berg")]),
        |bot| bot.client.contacts().users();
    User = Contacts "user", "get_user", 200 sample::user("u-anna", "Anna", "Berg"),
        |bot| bot.client.contacts().user("u-anna");
    Groups = Contacts "groups", "list_groups", 200 sample::page([sample::group("g-on-call", "Night shift")]),
        |bot| bot.client.contacts().groups();
    Group = Contacts "group", "get_group", 200 sample::group("g-on-call", "Night shift"),
        |bot| bot.client.contacts().group("g-on-call");
}

impl Operation {
    /// True if its response is a page of a list.
    pub fn is_paged(self) -> bool {
        // Marking takes no parameters: its response is the first page of another list.
        self != Self::MarkAsRead && self.status_and_json().1.get("items").is_some()
    }

    /// True if it returns `None` where others fail with `NotFound`.
    pub const fn finds(self) -> bool {
        matches!(self, Self::Message | Self::GetByThreadId | Self::User | Self::Group)
    }

    /// A sample response, as a server sends it.
    pub fn response(self) -> Response {
        let (status, json) = self.status_and_json();
        let mut response = response(status, &json);
        if self == Self::LoadAvatar {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
            response.headers_mut().insert(header::CONTENT_LENGTH, AVATAR.len().into());
            *response.body_mut() = AVATAR.to_vec();
        }
        response
    }

    /// A sample response, for a script.
    pub fn scripted(self) -> Respond {
        match self.status_and_json() {
            (status, _) if self == Self::LoadAvatar => Respond::status(status).body("image/jpeg", AVATAR),
            (status, Value::Null) => Respond::status(status),
            (status, json) => Respond::json(status, json),
        }
    }
}

/// A response with this JSON, or without a body for `null`.
pub fn response(status: u16, json: &Value) -> Response {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("it is a status");
    response.headers_mut().insert("x-request-id", HeaderValue::from_static("req-1"));
    if !json.is_null() {
        *response.body_mut() = json.to_string().into_bytes();
        let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    response
}

fn shares() -> Value {
    let share = json!({
        "tid": TID, "lat": 48.137, "lon": 11.576, "ends_at": "2026-01-01T00:15:00.000Z", "remaining_ms": 900_000,
    });
    sample::page([share])
}

/// The chat after a change of this member.
fn changed(member: &str) -> Value {
    let mut chat = sample::chat(TID, "Night shift");
    chat[member] = match member {
        "title" => "Ward 3".into(),
        "users" | "admins" => vec![sample::bot(), sample::user("u-anna", "Anna", "Berg")].into(),
        _ => (!chat[member].as_bool().expect("the other members are flags")).into(),
    };
    chat
}

fn messages() -> Value {
    sample::messages([sample::message("m1", TID, "hello"), sample::alert("m2", TID, "the database is down")])
}

fn one_to_one() -> Value {
    let mut chat = sample::chat(TID, "");
    chat["type"] = "one_to_one".into();
    chat["users"] = vec![sample::bot(), sample::user("u-anna", "Anna", "Berg")].into();
    chat["admins"] = Value::Array(Vec::new());
    chat
}

/// An operation that sends nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the name says it")]
pub enum Local {
    UserMembers,
    GroupMembers,
    Admins,
    NewAttachments,
    LocationSharingActiveChats,
    HasLocationSharingActiveChats,
}

impl Local {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::UserMembers,
        Self::GroupMembers,
        Self::Admins,
        Self::NewAttachments,
        Self::LocationSharingActiveChats,
        Self::HasLocationSharingActiveChats,
    ];

    /// The name in the Python SDK.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserMembers => "get_user_members",
            Self::GroupMembers => "get_group_members",
            Self::Admins => "get_admins",
            Self::NewAttachments => "new_attachments",
            Self::LocationSharingActiveChats => "get_location_sharing_active_chats",
            Self::HasLocationSharingActiveChats => "has_location_sharing_active_chats",
        }
    }

    /// The object that has the operation.
    pub const fn class(self) -> Class {
        match self {
            Self::LocationSharingActiveChats | Self::HasLocationSharingActiveChats => Class::Chats,
            _ => Class::Chat,
        }
    }

    /// Returns its result: the ids in it, or its text.
    pub fn result<X: Executor>(self, bot: &Bot<X>) -> Vec<String> {
        let (chat, chats) = (&bot.chat, bot.client.chats());
        match self {
            Self::UserMembers => chat.user_members().iter().map(|user| user.uid.to_string()).collect(),
            Self::GroupMembers => chat.group_members().iter().map(|group| group.gid.to_string()).collect(),
            Self::Admins => chat.admins().iter().map(|user| user.uid.to_string()).collect(),
            Self::NewAttachments => vec![format!("{:?}", chat.new_attachments())],
            Self::LocationSharingActiveChats => {
                chats.location_sharing_active_chats().iter().map(|chat| chat.tid().to_string()).collect()
            }
            Self::HasLocationSharingActiveChats => vec![chats.has_location_sharing_active_chats().to_string()],
        }
    }
}
