//! Structs with the members of the messages, and nothing else: the least that a client decodes.

#![expect(dead_code, reason = "only the cost of creating them is of interest")]
#![expect(clippy::struct_field_names, reason = "the members of the services")]

pub(super) mod teamwire {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(in crate::types) struct Page {
        items: Vec<Message>,
        next_cursor: Option<String>,
    }

    #[derive(Deserialize)]
    struct Message {
        mid: String,
        tid: String,
        from_user: User,
        timestamp: i64,
        msg: Option<String>,
        attachments: Option<Vec<Attachment>>,
        is_alert: bool,
        alert_type: Option<String>,
        deleted: bool,
        reply_to: Option<String>,
        sender_display_name: Option<String>,
        link_preview: Option<String>,
    }

    #[derive(Deserialize)]
    struct User {
        uid: String,
        first_name: String,
        last_name: String,
        organisation: String,
        is_bot: bool,
    }

    #[derive(Deserialize)]
    struct Attachment {
        kind: String,
        asset: Asset,
    }

    #[derive(Deserialize)]
    struct Asset {
        id: String,
        file_name: String,
        media_type: String,
        size: u64,
    }
}

pub(super) mod matrix {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(in crate::types) struct Page {
        start: String,
        end: Option<String>,
        chunk: Vec<Event>,
    }

    #[derive(Deserialize)]
    struct Event {
        r#type: String,
        event_id: String,
        room_id: String,
        sender: String,
        origin_server_ts: u64,
        content: Content,
        unsigned: Unsigned,
    }

    #[derive(Deserialize)]
    struct Content {
        msgtype: String,
        body: String,
        filename: Option<String>,
        url: Option<String>,
        info: Option<Info>,
    }

    #[derive(Deserialize)]
    struct Info {
        mimetype: String,
        size: u64,
    }

    #[derive(Deserialize)]
    struct Unsigned {
        age: i64,
    }
}

pub(super) mod telegram {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(in crate::types) struct Page {
        ok: bool,
        result: Vec<Update>,
    }

    #[derive(Deserialize)]
    struct Update {
        update_id: u32,
        message: Message,
    }

    #[derive(Deserialize)]
    struct Message {
        message_id: i32,
        from: User,
        chat: Chat,
        date: u64,
        text: Option<String>,
        caption: Option<String>,
        document: Option<Document>,
    }

    #[derive(Deserialize)]
    struct User {
        id: u64,
        is_bot: bool,
        first_name: String,
        last_name: Option<String>,
        username: Option<String>,
        language_code: Option<String>,
    }

    #[derive(Deserialize)]
    struct Chat {
        id: i64,
        r#type: String,
        title: Option<String>,
    }

    #[derive(Deserialize)]
    struct Document {
        file_id: String,
        file_unique_id: String,
        file_name: Option<String>,
        mime_type: Option<String>,
        file_size: Option<u64>,
    }
}

pub(super) mod slack {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(in crate::types) struct Page {
        ok: bool,
        messages: Vec<Message>,
        has_more: Option<bool>,
        pin_count: Option<u64>,
        response_metadata: Option<Metadata>,
    }

    #[derive(Deserialize)]
    struct Message {
        r#type: String,
        user: Option<String>,
        ts: String,
        client_msg_id: Option<String>,
        text: Option<String>,
        team: Option<String>,
        files: Option<Vec<File>>,
        reactions: Option<Vec<Reaction>>,
    }

    #[derive(Deserialize)]
    struct File {
        id: String,
        created: i64,
        name: Option<String>,
        title: Option<String>,
        mimetype: Option<String>,
        filetype: Option<String>,
        is_public: Option<bool>,
        url_private: Option<String>,
    }

    #[derive(Deserialize)]
    struct Reaction {
        name: String,
        users: Vec<String>,
        count: usize,
    }

    #[derive(Deserialize)]
    struct Metadata {
        next_cursor: Option<String>,
    }
}
