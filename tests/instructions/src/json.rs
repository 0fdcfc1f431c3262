//! The bodies of the responses.

use std::ops::Range;

/// The chat of all messages.
pub(crate) const CHAT: &str = "7MQKchz6wsSzmWTVnppGAc";

/// The text of a posted message.
pub(crate) const TEXT: &str = "The pump of station 1 has failed \u{2013} please call the \"control room\".";

/// Returns a user.
pub(crate) fn user(number: u64) -> String {
    object(&[
        ("uid", quoted(format!("u{number:021}"))),
        ("first_name", quoted("Anna Maria")),
        ("last_name", quoted("Bergström")),
        ("organisation", quoted("City of Example")),
        ("is_bot", "false".into()),
    ])
}

/// Returns a message with a text; one of ten is an alert, and one of ten has a file.
pub(crate) fn message(number: u64) -> String {
    let null = || "null".to_owned();
    let text = format!(r#"The pump of station {number} has failed \u2013 please call the \"control room\"."#);
    object(&[
        ("mid", quoted(format!("m{number:021}"))),
        ("tid", quoted(CHAT)),
        ("from_user", user(number % 20)),
        ("timestamp", (1_767_225_600_000 + number * 1_000).to_string()),
        ("msg", quoted(text)),
        ("attachments", if number % 10 == 5 { array([file()].into_iter()) } else { null() }),
        ("is_alert", (number % 10 == 7).to_string()),
        ("alert_type", if number % 10 == 7 { quoted("alert") } else { null() }),
        ("deleted", "false".into()),
        ("reply_to", null()),
        ("sender_display_name", null()),
        ("link_preview", null()),
    ])
}

/// Returns an attachment.
fn file() -> String {
    let asset = object(&[
        ("id", quoted("a000000000000000000001")),
        ("file_name", quoted("report.pdf")),
        ("media_type", quoted("application/pdf")),
        ("size", "73211".into()),
    ]);
    object(&[("kind", quoted("file")), ("asset", asset)])
}

/// Returns a page of messages.
pub(crate) fn page(numbers: Range<u64>) -> String {
    object(&[("items", array(numbers.map(message))), ("next_cursor", "null".into())])
}

/// Returns a batch of new messages.
pub(crate) fn batch(numbers: Range<u64>) -> String {
    let cursor = |number| quoted(format!("bWVzc2FnZXMtY3Vyc29y{number:06}"));
    let event = |number| object(&[("cursor", cursor(number)), ("kind", quoted("message")), ("data", message(number))]);
    let end = cursor(numbers.end);
    object(&[("items", array(numbers.map(event))), ("cursor", end)])
}

/// Returns a string whose content is escaped already.
fn quoted(text: impl AsRef<str>) -> String {
    format!("\"{}\"", text.as_ref())
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}
