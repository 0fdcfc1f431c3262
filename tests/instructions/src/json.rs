//! The bodies of the responses.

use std::ops::Range;

/// The chat of all messages.
pub(crate) const CHAT: &str = "7MQKchz6wsSzmWTVnppGAc";

/// The text of a posted message.
pub(crate) const TEXT: &str = "The pump of station 1 has failed \u{2013} please call the \"control room\".";

/// A user.
pub(crate) fn user(number: u64) -> String {
    format!(
        r#"{{"uid":"u{number:021}","first_name":"Anna Maria","last_name":"Bergström","organisation":"City of Example","is_bot":false}}"#
    )
}

/// A message with a text; one of ten is an alert, and one of ten has a file.
pub(crate) fn message(number: u64) -> String {
    const FILE: &str =
        r#"{"id":"a000000000000000000001","file_name":"report.pdf","media_type":"application/pdf","size":73211}"#;
    let attachments =
        if number % 10 == 5 { format!(r#"[{{"kind":"file","asset":{FILE}}}]"#) } else { "null".to_owned() };
    let (is_alert, alert_type) = if number % 10 == 7 { ("true", r#""alert""#) } else { ("false", "null") };
    let from_user = user(number % 20);
    let timestamp = 1_767_225_600_000 + number * 1_000;
    let msg = format!(r#"The pump of station {number} has failed \u2013 please call the \"control room\"."#);
    format!(
        r#"{{"mid":"m{number:021}","tid":"{CHAT}","from_user":{from_user},"timestamp":{timestamp},"msg":"{msg}","attachments":{attachments},"is_alert":{is_alert},"alert_type":{alert_type},"deleted":false,"reply_to":null,"sender_display_name":null,"link_preview":null}}"#
    )
}

/// A page of messages.
pub(crate) fn page(numbers: Range<u64>) -> String {
    let items: Vec<String> = numbers.map(message).collect();
    format!(r#"{{"items":[{}],"next_cursor":null}}"#, items.join(","))
}

/// A batch of new messages.
pub(crate) fn batch(numbers: Range<u64>) -> String {
    let cursor = |number| format!("bWVzc2FnZXMtY3Vyc29y{number:06}");
    let event = |number| format!(r#"{{"cursor":"{}","kind":"message","data":{}}}"#, cursor(number), message(number));
    let end = cursor(numbers.end);
    let events: Vec<String> = numbers.map(event).collect();
    format!(r#"{{"items":[{}],"cursor":"{end}"}}"#, events.join(","))
}
