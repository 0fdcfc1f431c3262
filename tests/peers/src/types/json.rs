//! Pages of messages, as the services send them.

use std::ops::Range;

use crate::text::{fill, render};

/// The length of each message, in bytes.
const LENGTH: usize = 700;

/// The JSON of a service.
pub(super) struct Service {
    /// A page, in which `$MESSAGES` stands for the messages.
    page: &'static str,
    /// A message, in which `$NUMBER`, `$USER`, `$TEXT` and the names below stand for values.
    message: &'static str,
    /// The name that stands for a file, its value in one of ten messages, and that in all others.
    file: (&'static str, &'static str, &'static str),
}

impl Service {
    /// Returns a page with the messages of these numbers.
    pub(super) fn page(&self, numbers: Range<u32>) -> String {
        let messages: Vec<String> = numbers.map(|number| self.message(number)).collect();
        render(self.page, &[("$MESSAGES", &messages.join(","))])
    }

    fn message(&self, number: u32) -> String {
        let (name, some, none) = self.file;
        let file = render(if number % 10 == 5 { some } else { none }, &[]);
        let (digits, user) = (format!("{number:06}"), format!("{:02}", number % 20));
        fill(LENGTH, |filling| {
            let text =
                format!(r#"The pump of station {number} has failed \u2013 call the \"control room\". {filling}"#);
            render(self.message, &[(name, &file), ("$NUMBER", &digits), ("$USER", &user), ("$TEXT", &text)])
        })
    }
}

pub(super) const TEAMWIRE: Service = Service {
    page: r#"{"items":[$MESSAGES],"next_cursor":null}"#,
    message: r#"{
        "mid":"mQKchz6wsSzmWTV$NUMBER",
        "tid":"7MQKchz6wsSzmWTVnppGAc",
        "from_user":{
            "uid":"uQKchz6wsSzmWTVnppG0$USER",
            "first_name":"Anna Maria",
            "last_name":"Bergström",
            "organisation":"City of Example",
            "is_bot":false
        },
        "timestamp":1767225600000,
        "msg":"$TEXT",
        "attachments":$ATTACHMENTS,
        "is_alert":false,
        "alert_type":null,
        "deleted":false,
        "reply_to":null,
        "sender_display_name":null,
        "link_preview":null
    }"#,
    file: (
        "$ATTACHMENTS",
        r#"[{
            "kind":"file",
            "asset":{
                "id":"a000000000000000000001",
                "file_name":"report.pdf",
                "media_type":"application/pdf",
                "size":73211
            }
        }]"#,
        "null",
    ),
};

pub(super) const MATRIX: Service = Service {
    page: r#"{
        "start":"t47429-4392820_219380_26003_2265",
        "end":"t47409-4357353_219380_26003_2265",
        "chunk":[$MESSAGES]
    }"#,
    message: r#"{
        "type":"m.room.message",
        "event_id":"$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a$NUMBER",
        "room_id":"!jEsUZKDJdhlrceRyVU:example.org",
        "sender":"@anna$USER:example.org",
        "origin_server_ts":1767225600000,
        "content":{$FILE,"body":"$TEXT"},
        "unsigned":{"age":1234}
    }"#,
    file: (
        "$FILE",
        r#""msgtype":"m.file",
        "filename":"report.pdf",
        "url":"mxc://example.org/FHyPlCeYUSFFxlgbQYZmoEoe",
        "info":{"mimetype":"application/pdf","size":73211}"#,
        r#""msgtype":"m.text""#,
    ),
};

pub(super) const TELEGRAM: Service = Service {
    page: r#"{"ok":true,"result":[$MESSAGES]}"#,
    message: r#"{
        "update_id":1$NUMBER,
        "message":{
            "message_id":1$NUMBER,
            "from":{
                "id":12766183$USER,
                "is_bot":false,
                "first_name":"Anna Maria",
                "last_name":"Bergström",
                "username":"anna",
                "language_code":"sv"
            },
            "chat":{"id":-1001234567890,"title":"Ward 7, early shift","type":"supergroup"},
            "date":1767225600,
            $DOCUMENT:"$TEXT"
        }
    }"#,
    file: (
        "$DOCUMENT",
        r#""document":{
            "file_name":"report.pdf",
            "mime_type":"application/pdf",
            "file_id":"BQACAgIAAxkBAAIBZmZ1",
            "file_unique_id":"AgADkQIAAl",
            "file_size":73211
        },
        "caption""#,
        r#""text""#,
    ),
};

pub(super) const SLACK: Service = Service {
    page: r#"{
        "ok":true,
        "messages":[$MESSAGES],
        "has_more":true,
        "pin_count":0,
        "response_metadata":{"next_cursor":"bmV4dF90czoxNTEyMDg1ODYxMDAwNTQz"}
    }"#,
    message: r#"{
        "type":"message",
        "user":"U0123456$USER",
        "ts":"1767225600.$NUMBER",
        "client_msg_id":"2c6f1f6e-6b3a-4c1e-9a55-000000$NUMBER",
        "text":"$TEXT",
        "team":"T0123456789"
        $FILES,
        "reactions":[{"name":"eyes","users":["U012345678","U012345679"],"count":2}]
    }"#,
    file: (
        "$FILES",
        r#","files":[{
            "id":"F0123456789",
            "created":1767225600,
            "name":"report.pdf",
            "title":"report.pdf",
            "mimetype":"application/pdf",
            "filetype":"pdf",
            "is_public":false,
            "url_private":"https://files.slack.com/files-pri/T0-F0/report.pdf"
        }]"#,
        "",
    ),
};

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{MATRIX, SLACK, TEAMWIRE, TELEGRAM};

    #[test]
    fn pages_have_a_hundred_messages_of_the_same_length() {
        for (service, messages) in [(TEAMWIRE, "items"), (MATRIX, "chunk"), (TELEGRAM, "result"), (SLACK, "messages")] {
            let page = service.page(0..100);
            let value: Value = serde_json::from_str(&page).expect("the page is valid");
            assert_eq!(value[messages].as_array().map(Vec::len), Some(100), "{messages}");
            assert!((70_100..70_400).contains(&page.len()), "{messages}: {} bytes", page.len());
        }
    }
}
