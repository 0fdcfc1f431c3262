//! Conversions of the values that have an id into that id.

use super::{
    Asset, AssetId, ChatInfo, Group, GroupId, Message, MessageId, Reaction, ReactionId, ThreadId, User, UserId,
};

macro_rules! id_of {
    ($($of:ty: $field:ident => $id:ident;)*) => { $(
        impl From<&$of> for $id {
            fn from(item: &$of) -> Self {
                item.$field.clone()
            }
        }

        impl From<$of> for $id {
            fn from(item: $of) -> Self {
                item.$field
            }
        }
    )* };
}

id_of! {
    ChatInfo: tid => ThreadId;
    Message: mid => MessageId;
    User: uid => UserId;
    Group: gid => GroupId;
    Reaction: reaction_id => ReactionId;
    Asset: asset_id => AssetId;
}
