//! Details of expected requests.

use alloc::vec::Vec;
use core::slice;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    model::{AlertType, AssetId, Coordinates, GroupId, MessageId, NewAttachment, UserId},
    protocol::v1::{assets, attachments, wire, wire_enum::WireEnum},
    script::Expect,
};

macro_rules! details {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $name(pub(super) Expect);

        impl From<$name> for Expect {
            fn from(request: $name) -> Self {
                request.0
            }
        }
    )* };
}

details! {
    /// An expected request for a page of a list.
    Page;
    /// An expected request for the messages of a chat.
    Messages;
    /// An expected poll of a feed.
    Poll;
    /// An expected message to be posted.
    Post;
    /// An expected creation of a group chat.
    CreateChat;
    /// An expected creation of a 1:1 chat.
    CreateOneToOneChat;
    /// An expected change of a chat's members.
    Members;
    /// An expected move of the bot's location shares.
    MoveLocation;
    /// An expected upload of a file.
    Upload;
}

impl Page {
    /// Expects the page with this cursor, which the previous page returned.
    pub fn cursor(self, cursor: &str) -> Self {
        Self(self.0.query("cursor", cursor))
    }
}

impl Messages {
    /// Expects the page with this cursor, which the previous page returned.
    pub fn cursor(self, cursor: &str) -> Self {
        Self(self.0.query("cursor", cursor))
    }

    /// Expects the messages since this time.
    pub fn since(self, since: DateTime<Utc>) -> Self {
        Self(self.0.query("since", since.to_rfc3339_opts(SecondsFormat::Millis, true)))
    }
}

impl Poll {
    /// Expects the events after this cursor.
    pub fn cursor(self, cursor: &str) -> Self {
        Self(self.0.query("cursor", cursor))
    }

    /// Expects the subscription with this id.
    pub fn subscription(self, id: &str) -> Self {
        Self(self.0.query("subscription", id))
    }
}

impl Post {
    /// Expects this text.
    pub fn text(self, text: &str) -> Self {
        self.member("msg", text.into())
    }

    /// Expects an attention message of this type.
    pub fn alert(self, alert_type: &AlertType) -> Self {
        self.member("alert_type", json!(WireEnum(alert_type)))
    }

    /// Expects a reply to this message.
    pub fn reply_to(self, mid: impl Into<MessageId>) -> Self {
        self.member("reply_to", json!(mid.into()))
    }

    /// Expects this attachment after those of earlier calls, and no others: a poll, a location, a live location or a
    /// calendar event. For files, see [`file`](Self::file) and [`gallery`](Self::gallery).
    ///
    /// ```
    /// use teamwire_core::{Client, Draft, Script, model::Poll, script::v1::{expect, respond, sample}};
    ///
    /// let poll = Poll::new("Who is on call?", ["Anna", "Ben"])?;
    /// let script = Script::new()
    ///     .then(expect::post("c1").attach(poll.clone()), respond::message(sample::message("m1", "c1", "")));
    /// Client::new(script.clone()).chats().chat("c1").post(Draft::new().attach(poll))?;
    /// script.assert_done();
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the attachment has files, or if the operation would reject it.
    #[track_caller]
    pub fn attach(self, attachment: impl Into<NewAttachment>) -> Self {
        let attachment = attachment.into();
        assert!(attachment.uploads().is_empty(), "files are expected by their asset ids: see `file` and `gallery`");
        match attachments::all(slice::from_ref(&attachment), &[]) {
            Ok(json) => self.attached(json!(json[0])),
            Err(error) => panic!("the protocol rejects the expected attachment: {error}"),
        }
    }

    /// Expects the file with this asset id, from the response to its [upload](super::upload), after the attachments of
    /// earlier calls, and no others.
    pub fn file(self, asset: impl Into<AssetId>) -> Self {
        self.attached(json!({ "kind": "file", "asset": asset.into() }))
    }

    /// Expects a gallery of the images with these asset ids, after the attachments of earlier calls, and no others.
    pub fn gallery<A: Into<AssetId>>(self, images: impl IntoIterator<Item = A>) -> Self {
        let images: Vec<AssetId> = images.into_iter().map(Into::into).collect();
        self.attached(json!({ "kind": "gallery", "images": images }))
    }

    fn attached(self, json: Value) -> Self {
        Self(self.0.json_item("attachments", json))
    }

    /// Expects this name of an external sender.
    pub fn sender_display_name(self, name: &str) -> Self {
        self.member("sender_display_name", name.into())
    }

    /// Expects this idempotency key.
    pub fn idempotency_key(self, key: &str) -> Self {
        Self(keyed(self.0, key))
    }

    fn member(self, name: &str, value: Value) -> Self {
        Self(self.0.json(json!({ name: value })))
    }
}

impl CreateChat {
    /// Expects this title.
    pub fn title(self, title: &str) -> Self {
        Self(self.0.json(json!({ "title": title })))
    }

    /// Expects these users as members, in this order.
    pub fn users<U: Into<UserId>>(self, users: impl IntoIterator<Item = U>) -> Self {
        Self(with_users(self.0, users))
    }

    /// Expects these groups as members, in this order.
    pub fn groups<G: Into<GroupId>>(self, groups: impl IntoIterator<Item = G>) -> Self {
        Self(with_groups(self.0, groups))
    }

    /// Expects this text of the first message.
    pub fn message(self, text: &str) -> Self {
        Self(self.0.json(json!({ "message": text })))
    }

    /// Expects this idempotency key.
    pub fn idempotency_key(self, key: &str) -> Self {
        Self(keyed(self.0, key))
    }
}

impl CreateOneToOneChat {
    /// Expects this text of a message to post in the chat.
    pub fn message(self, text: &str) -> Self {
        Self(self.0.json(json!({ "message": text })))
    }

    /// Expects this idempotency key.
    pub fn idempotency_key(self, key: &str) -> Self {
        Self(keyed(self.0, key))
    }
}

impl Members {
    /// Expects these users, in this order.
    pub fn users<U: Into<UserId>>(self, users: impl IntoIterator<Item = U>) -> Self {
        Self(with_users(self.0, users))
    }

    /// Expects these groups, in this order.
    pub fn groups<G: Into<GroupId>>(self, groups: impl IntoIterator<Item = G>) -> Self {
        Self(with_groups(self.0, groups))
    }
}

impl MoveLocation {
    /// Expects a move to these coordinates.
    pub fn to(self, coordinates: Coordinates) -> Self {
        Self(self.0.json(json!({ "lat": coordinates.lat(), "lon": coordinates.lon() })))
    }
}

impl Upload {
    /// Expects this file name.
    pub fn file_name(self, name: &str) -> Self {
        Self(self.0.header("content-disposition", assets::disposition(name)))
    }

    /// Expects this media type.
    pub fn media_type(self, media_type: &str) -> Self {
        Self(self.0.header("content-type", media_type))
    }

    /// Expects this idempotency key.
    pub fn idempotency_key(self, key: &str) -> Self {
        Self(keyed(self.0, key))
    }
}

fn with_users<U: Into<UserId>>(expect: Expect, users: impl IntoIterator<Item = U>) -> Expect {
    let users: Vec<UserId> = users.into_iter().map(Into::into).collect();
    expect.json(json!({ "users": users }))
}

fn with_groups<G: Into<GroupId>>(expect: Expect, groups: impl IntoIterator<Item = G>) -> Expect {
    let groups: Vec<GroupId> = groups.into_iter().map(Into::into).collect();
    expect.json(json!({ "groups": groups }))
}

fn keyed(expect: Expect, key: &str) -> Expect {
    expect.header(wire::IDEMPOTENCY_KEY.as_str(), key)
}
