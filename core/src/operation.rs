//! The names of the operations.

use core::fmt;

/// An operation of a client, as errors name it.
///
/// ```
/// use teamwire_core::error::Operation;
///
/// assert_eq!(Operation::REACTIONS.name, "reactions");
/// assert_eq!(Operation::REACTIONS.python, Some("Chat.get_am_reactions"));
/// assert_eq!(Operation::NEW_MESSAGES.python, None, "the Python SDK has no such feed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// Name of its method, such as `post`.
    pub name: &'static str,
    /// Class and name in the Python SDK, such as `Chat.post`, if it has the operation.
    pub python: Option<&'static str>,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Declares the operations as constants. The lines are those of `docs/operations.md`, in the same order.
macro_rules! operations {
    ($($constant:ident = $name:literal $($python:literal)?;)*) => {
        impl Operation {
            /// All operations that can fail.
            pub const ALL: &[&Self] = &[$(&Self::$constant),*];

            $(
                #[doc = concat!("`", $name, "`")]
                $(#[doc = concat!("(in Python `", $python, "`)")])?
                pub const $constant: Self = Self { name: $name, python: operations!(@python $($python)?) };
            )*
        }
    };
    (@python) => { None };
    (@python $python:literal) => { Some($python) };
}

operations! {
    POST = "post" "Chat.post";
    ADD_MEMBERS = "add_members" "Chat.add_members";
    ADD_USERS = "add_users" "Chat.add_members";
    ADD_GROUPS = "add_groups" "Chat.add_members";
    REMOVE_MEMBERS = "remove_members" "Chat.remove_members";
    REMOVE_USERS = "remove_users" "Chat.remove_members";
    REMOVE_GROUPS = "remove_groups" "Chat.remove_members";
    LEAVE = "leave" "Chat.leave";
    ADD_ADMIN = "add_admin" "Chat.add_admin";
    REMOVE_ADMIN = "remove_admin" "Chat.remove_admin";
    READERS = "readers" "Chat.get_readers";
    MARK_AS_READ = "mark_as_read" "Chat.mark_as_read";
    PULL_CHAT_FEED = "pull_chat_feed" "Chat.pull_chat_feed";
    MESSAGES = "messages" "Chat.get_messages";
    UPDATE_TITLE = "update_title" "Chat.update_title";
    SET_ALLOW_SENDING = "set_allow_sending" "Chat.set_allow_sending";
    SET_ALLOW_MUTE_NOTIFICATIONS = "set_allow_mute_notifications" "Chat.set_allow_mute_notifications";
    CLOSE = "close" "Chat.close";
    REOPEN = "reopen" "Chat.reopen";
    LOAD_AVATAR = "load_avatar" "Chat.load_avatar";
    SET_AVATAR = "set_avatar" "Chat.set_avatar";
    REMOVE_AVATAR = "remove_avatar" "Chat.remove_avatar";
    ACTIVE_SHARED_LOCATIONS = "active_shared_locations" "Chat.get_active_shared_locations";
    STOP_SHARING_LOCATION = "stop_sharing_location" "Chat.stop_sharing_location";
    LIVE_LOCATIONS = "live_locations" "Chat.subscribe_live_location_updates";
    UNSUBSCRIBE_LOCATION_UPDATES = "unsubscribe_location_updates" "Chat.unsubscribe_location_updates";
    SEND_REACTION = "send_reaction" "Chat.send_am_reaction";
    REACTIONS = "reactions" "Chat.get_am_reactions";
    UPDATE_REACTION = "update_reaction" "Chat.update_am_reaction";
    LIST = "list" "Chats.get_subscriptions";
    BY_THREAD_ID = "by_thread_id" "Chats.get_by_thread_id";
    BY_TITLE = "by_title" "Chats.get_by_title";
    CREATE_ONE_TO_ONE_CHAT = "create_one_to_one_chat" "Chats.create_one2one_chat";
    CREATE_CHAT = "create_chat" "Chats.create_chat";
    UPDATE_SHARED_LOCATION = "update_shared_location" "Chats.update_shared_location";
    REACTION_UPDATES = "reaction_updates" "Chats.subscribe_am_reaction_updates";
    UNSUBSCRIBE_REACTION_UPDATES = "unsubscribe_reaction_updates" "Chats.unsubscribe_am_reaction_updates";
    MESSAGE = "message";
    GET = "get";
    GET_OR_CREATE = "get_or_create";
    NEW_MESSAGES = "new_messages";
    EVENTS = "events";
    UNSUBSCRIBE_EVENTS = "unsubscribe_events";
    DOWNLOAD = "download";
    DOWNLOAD_TO = "download_to";
    REFRESH_LOCATION_SHARES = "refresh_location_shares";
    MESSAGES_ITER = "messages_iter";
    LIST_ITER = "list_iter";
    CHECK = "check";
    SLEEP = "sleep";
    ME = "me";
    USERS = "users";
    USERS_ITER = "users_iter";
    USER = "user";
    GROUPS = "groups";
    GROUPS_ITER = "groups_iter";
    GROUP = "group";
}
