use alloc::format;

use super::*;

const SECRET: &str = "p&ss \"w/\\rd-$1";

fn redactor(app_id: &str, secret: &str) -> Redactor {
    Redactor::new([Login { name: app_id, secret }])
}

fn redact(text: &str, app_id: &str, secret: &str) -> String {
    redactor(app_id, secret).redact(text, Kind::Prose)
}

#[track_caller]
fn assert_found(spelling: &str) {
    for kind in [Kind::Prose, Kind::Data, Kind::Exact] {
        let text = format!("before {spelling}. after {spelling}.");
        let redacted = redactor("some-bot-7", SECRET).redact(&text, kind);
        let left: String = redacted.chars().filter(|char| *char != '=').collect();
        assert_eq!(left, "before [redacted]. after [redacted].", "{spelling:?}");
    }
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let each = |spell: &dyn Fn(u8) -> String| SECRET.bytes().map(spell).collect::<String>();
    for spelling in [
        SECRET,
        r#"p&ss \"w/\\rd-$1"#,
        r"p\u0026ss \u0022w\/\\rd-$1",
        r"p\\u0026ss\\u0020\\u0022w\\u002F\\u005Crd-$1",
        r#"p\u{26}ss \"w/\\rd\u{2d}\u{24}1"#,
        r#"p\x26ss \"w\/\\rd-$1"#,
        r#"p\U00000026ss \"w\/\\rd-$1"#,
        r"p\046ss \42w/\134rd-\0441",
        r"p\&ss\ \x22w/\\rd-\$1",
        r"p\26 ss \22 w/\5c rd-\0000241",
        "p&amp;ss &quot;w/\\rd-$1",
        "p&ampss &quotw&sol;\\rd-&dollar;1",
        "p&#38ss &#34w/\\rd-&#x24;1",
        "p&#00038;ss &QUOT;w&sol;&bsol;rd-&dollar;&shy;1",
        "p&amp;amp;ss &amp;quot;w/\\rd-$1",
        "p%26ss%20%22w%2F%5Crd-%241",
        "p%26ss+%22w%2f%5crd-%241",
        "p%2526ss+%2522w%252f%255crd-%25241",
        "p%u0026ss%u0020%u0022w/%u005Crd-$1",
        "p=26ss=20=22w/=5Crd-=241",
        "p=26ss=20=\r\n=22w/=5Crd=\n-=241",
        "p&ss \\\n\"w/\\rd-\\\r\n$1",
        "p&ss \"w\r\n  /\\rd-$1",
        "p&ss\r\n\"w/\\rd-$1",
        "p\u{ad}&ss \"w/\u{200b}\\rd-$1",
        "P&SS \"W/\\RD-$1",
        &each(&|byte| format!("%{byte:02x}")),
        &each(&|byte| format!("={byte:02X}")),
        &each(&|byte| format!("\\{byte:03o}")),
        &each(&|byte| format!("\\{byte:x} ")),
        &each(&|byte| format!("&#{byte};")),
        &each(&|byte| format!("&#x{byte:X}")),
        &each(&|byte| format!("{byte:02x}")),
        &each(&|byte| format!("{}\0", char::from(byte))),
        "cCZzcyAidy9ccmQtJDE",
        "cCZzcyAidy9ccmQtJDE=",
        "cCZzcyAi\r\ndy9ccmQtJDE=",
    ] {
        assert_found(spelling.trim_end_matches([' ', '\0']));
    }
}

#[test]
fn a_secret_inside_longer_base64_is_found() {
    for before in ["", "x", "xy", "{\"secret\":\""] {
        let base64 = BASE64_STANDARD_NO_PAD.encode(format!("{before}{SECRET}\"}}"));
        let redacted = redact(&base64, "some-bot-7", SECRET);
        let left = redacted.replace(MARKER, "");
        assert!(redacted.contains(MARKER) && left.len() <= before.len() * 4 / 3 + 6, "{redacted}");
    }
}

#[test]
fn eight_characters_of_a_secret_are_found_anywhere() {
    let secret = "0f&longSecret!xyz";
    for start in 0..=secret.len() - 8 {
        for end in start + 8..=secret.len() {
            let redacted = redact(&format!("<p>{}</p>", &secret[start..end]), "some-bot-7", secret);
            assert_eq!(redacted, "<p>[redacted]</p>", "{start}..{end}");
        }
    }
    for before in ["=", "%", "\\", "&", "%2", "\\u00", "&#"] {
        assert_eq!(redact(&format!("{before}4142abcd."), "some-bot-7", "4142abcd"), format!("{before}[redacted]."));
    }
}

#[test]
fn the_shortest_secret_is_found_anywhere() {
    for secret in ["p&ss-1", "p&ss-12"] {
        for text in [format!("the{secret}x"), format!("THE{}X", secret.to_uppercase())] {
            assert_eq!(redact(&text, "in", secret).to_lowercase(), "the[redacted]x");
        }
        assert_eq!(redact("x=p%26ss", "in", secret), "x=[redacted]", "it was cut");
    }
}

#[test]
fn a_secret_cut_off_at_the_end_is_found() {
    for length in CUT..12 {
        let text = format!("it is {}", &"long-secret!"[..length]);
        assert_eq!(redact(&text, "some-bot-7", "long-secret!"), "it is [redacted]", "{length} characters");
    }
    assert_eq!(redact("it is lon", "some-bot-7", "long-secret!"), "it is lon", "too short to reveal anything");
}

#[test]
fn a_name_inside_a_word_is_not_found() {
    let secret = "another-secret";
    for (app_id, text, expected) in [
        ("in", "in_progress: sign in, login, IN", "in_progress: sign [redacted], login, [redacted]"),
        ("7", "7 of 17 in m7 and 7-8", "[redacted] of 17 in m7 and 7-8"),
        ("warehouse-bot", "warehouse-bot-2, my-warehouse-bot", "warehouse-bot-2, my-warehouse-bot"),
        ("warehouse-bot", "warehouse-bots, a_warehouse-bot", "warehouse-bots, a_warehouse-bot"),
        ("warehouse-bot", "--warehouse-bot--\\nWarehouse-Bot", "--[redacted]--\\n[redacted]"),
        ("warehouse-bot", "x\nwarehouse-bot\nx.warehouse-bot", "x\n[redacted]\nx.[redacted]"),
        ("warehouse-bot", "<warehouse><se-bot>", "<[redacted]><se-bot>"),
        ("warehouse-bot", "67use-bot, 67arehouse-bot", "67use-bot, 67[redacted]"),
        ("warehouse-bot", "another-secretwarehouse-bot", "[redacted]"),
        ("a&b:c;d&e", "a&amp;b:c;d&amp;e-f", "a&amp;b:c;d&amp;e-f"),
        ("a&b:c;d&e", "=a&amp;b:c;d&amp;e", "=[redacted]"),
    ] {
        assert_eq!(redact(text, app_id, secret), expected, "{app_id}");
    }
    assert_eq!(redact("d2FyZWhvdXNlLWJvdA", "warehouse-bot", secret), MARKER, "the base64 of a name is not a word");
}

#[test]
fn short_names_stay_in_data_and_all_names_in_exact_data() {
    for app_id in ["in", "7", "e", "script", "some-bo"] {
        let redactor = redactor(app_id, "p&ss-word");
        let data = format!(r#"{{"code":"{app_id}x","items":[7,in,e],"uid":"some"}}"#);
        assert_eq!(redactor.redact(&data, Kind::Data), data);
        assert_eq!(redactor.redact(r#"{"x":"p\u0026ss-word"}"#, Kind::Data), r#"{"x":"[redacted]"}"#);
    }
    let redactor = redactor("some-bot-7", "p&ss-word");
    assert_eq!(redactor.redact("x/some-bot-7 some", Kind::Data), "x/[redacted] some");
    assert_eq!(redactor.redact("x/some-bot-7 some", Kind::Exact), "x/some-bot-7 some");
}

#[test]
fn the_login_of_a_proxy_is_found() {
    let key = Login { name: "in", secret: "another-secret" };
    let redactor = Redactor::new([key, Login { name: "proxy-user", secret: "pä&ss-wörd" }]);
    let each = |spell: &dyn Fn(u8) -> String| "pä&ss-wörd".bytes().map(spell).collect::<String>();
    for spelling in [
        "pä&ss-wörd",
        "pÃ¤&ss-wÃ¶rd",
        "p\u{fffd}&ss-w\u{fffd}rd",
        "p&auml;&amp;ss-w&ouml;rd",
        "p%E4&ss-w%F6rd",
        "p=C3=A4&ss-w=C3=B6rd",
        r"p\303\244&ss-w\303\266rd",
        r"p\xe4&ss-w\u00f6rd",
        "PÄ&SS-WÖRD",
        "proxy-user",
        &BASE64_STANDARD_NO_PAD.encode("proxy-user:pä&ss-wörd"),
        &BASE64_STANDARD_NO_PAD.encode("pä&ss-wörd"),
        &each(&|byte| format!("%{byte:02x}")),
        &each(&|byte| format!("{byte:02x}")),
    ] {
        assert_eq!(redactor.redact(&format!("({spelling})"), Kind::Data), "([redacted])", "{spelling}");
    }
    let short = Redactor::new([Login { name: "me", secret: "p&ß" }]);
    assert_eq!(short.redact("me: p&amp;%DF, name", Kind::Prose), "[redacted]: [redacted], name");
    assert_eq!(Redactor::new([Login { name: "", secret: "" }]).redact("", Kind::Prose), "");
}

#[test]
fn the_marker_stays() {
    assert_eq!(redact("secret-1234567 redacted", "redacted", "secret-1234567"), "[redacted] [redacted]");
    assert_eq!(redact("text", "x", "another-secret"), "text");
}
