//! What is logged at the level *trace*, by all crates involved, has no credentials in it.

#[path = "adapter/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the other tests use the rest")]
mod support;

use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};

use teamwire_async_std::client;

use self::support::{SECRET, always, ask, config, me};

static LINES: Mutex<String> = Mutex::new(String::new());

struct Keep;

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut lines = LINES.lock().expect("nobody panicked");
        // `ureq_proto` logs bytes in rows, with their text at the end.
        let text = record.args().to_string();
        let row = record.target().starts_with("ureq_proto") && record.level() == Level::Trace;
        lines.push_str(if row { text.rsplit(' ').next().unwrap_or_default() } else { &text });
        if !row {
            lines.push('\n');
        }
    }

    fn flush(&self) {}
}

#[test]
fn requests_are_logged_without_their_credentials() {
    log::set_logger(&Keep).expect("no other logger");
    log::set_max_level(LevelFilter::Trace);

    let proxy = always(me());
    let options = config("http://localhost:1").with_proxy(&format!("http://user:password@{}", proxy.address));
    let client = client(options.expect("a URL")).expect("options that work");
    ask(&client).expect("an answer");
    log::error!("{client:?}");

    let log = LINES.lock().expect("nobody panicked");
    assert!(log.contains("host:.localhost:1"), "the request is in the log: {log}");
    assert!(log.contains("first_name"), "the answer is in the log: {log}");
    // As they are, and as the headers have them: `app:the secret of the bot` and `user:password`.
    for secret in [SECRET, "YXBwOnRoZSBzZWNyZXQgb2YgdGhlIGJvdA==", "password", "dXNlcjpwYXNzd29yZA=="] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}
