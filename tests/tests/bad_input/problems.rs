//! Problem documents with malformed members keep their code.

use teamwire_core::{
    Client, ErrorKind, Script,
    script::{Expect, Respond},
};
use teamwire_tests::operations::TID;

fn problem(status: u16, body: &str) -> Respond {
    Respond::status(status).body("application/problem+json", body)
}

/// Malformed members before and after others.
const MEMBERS: [&str; 12] = [
    r#""detail":"5" tape""#,
    r#""detail":"C:\""#,
    r#""detail":"abc"#,
    r#""detail":abc""#,
    r#""detail":{"a":1"#,
    r#""detail":{"a":[1}"#,
    r#""detail":[{"a":1]"#,
    r#""detail":[}]"#,
    r#""detail":{]}"#,
    r#""detail":"x "}]{[" y""#,
    r#""detail":{"a":"5" tape","b":1}"#,
    r#""detail" "x""#,
];

#[test]
fn a_malformed_member_leaves_the_code() {
    for member in MEMBERS {
        for body in [
            format!(r#"{{{member},"code":"not_found"}}"#),
            format!(r#"{{"code":"not_found",{member}}}"#),
            format!(r#"{{"status":404,{member},"x":[1],"code" : "not_found" , "y":1}}"#),
            format!(r#"{{{member},"code":"not_found""#),
        ] {
            let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), problem(404, &body));
            let chat = Client::new(script).chats().by_thread_id(TID).expect("a missing chat is not an error");
            assert!(chat.is_none(), "{body}");
        }
    }
}

#[test]
fn a_code_within_another_member_is_not_the_code_of_the_document() {
    for body in [
        r#"{"error":{"code":"not_found"}}"#,
        r#"{"error":[{"code":"not_found"}],"detail":"x"}"#,
        r#"{"detail":"\",\"code\":\"not_found\""}"#,
    ] {
        let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), problem(404, body));
        let error = Client::new(script).chats().by_thread_id(TID).expect_err("it is not a problem document");
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{body}");
    }
}
