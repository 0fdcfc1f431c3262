//! JSON of requests.

use alloc::{borrow::Cow, vec::Vec};

use serde::Serialize;
use serde_json::Result;

use super::scan::{has_control, plain_length};

/// Returns the JSON of an object with this member, if there is a text, and those of `rest`.
///
/// A message is most of the body of a request. Without escapes it is copied: the serializer looks at its bytes one by
/// one, which takes several times as long.
///
/// # Errors
///
/// Fails if `rest` cannot be represented in JSON. It has to be an object.
pub(in crate::protocol::v1) fn object_with_text(
    name: &'static str,
    text: Option<&str>,
    rest: &impl Serialize,
) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec(rest)?;
    let Some(text) = text else { return Ok(json) };
    let is_plain = plain_length(text.as_bytes()) == text.len() && !has_control(text.as_bytes());
    let value = if is_plain { Cow::Borrowed(text) } else { Cow::Owned(serde_json::to_string(text)?) };
    let quote: &[u8] = if is_plain { b"\"" } else { b"" };
    let separator: &[u8] = if json == b"{}" { b"" } else { b"," };
    let parts = [b"{\"", name.as_bytes(), b"\":", quote, value.as_bytes(), quote, separator];
    // The parts take the place of the bracket before the other members.
    let (length, end) = (parts.iter().map(|part| part.len()).sum(), json.len());
    json.resize(length + end - 1, 0);
    json.copy_within(1..end, length);
    let mut at = 0;
    for part in parts {
        json[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_text_is_the_first_member() {
        let json = |text, rest: &Value| String::from_utf8(object_with_text("msg", text, rest).expect("it is JSON"));
        for (text, rest, expected) in [
            (None, json!({}), "{}"),
            (None, json!({"a": 1}), r#"{"a":1}"#),
            (Some(""), json!({}), r#"{"msg":""}"#),
            (Some("Grüße"), json!({"a": {}}), r#"{"msg":"Grüße","a":{}}"#),
            (Some("a\"b\\\n"), json!({"a": 1, "b": []}), r#"{"msg":"a\"b\\\n","a":1,"b":[]}"#),
        ] {
            assert_eq!(json(text, &rest), Ok(expected.to_string()));
        }
        for char in '\0'..'\u{200}' {
            let text = String::from("ten before") + &char.to_string() + "ten after it";
            let written: Value =
                serde_json::from_slice(&object_with_text("msg", Some(&text), &json!({})).expect("JSON"))
                    .expect("it is JSON");
            assert_eq!(written["msg"], text);
        }
    }
}
