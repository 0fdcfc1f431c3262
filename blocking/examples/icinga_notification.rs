//! Notification command for Icinga and other monitoring systems: posts one message, within a time limit.
//!
//! ```text
//! object NotificationCommand "teamwire" {
//!   command = [ "/usr/local/bin/icinga_notification" ]
//!   env = {
//!     TEAMWIRE_URL = "https://teamwire.example.org"        // and TEAMWIRE_APP_ID, TEAMWIRE_SECRET
//!     TEAMWIRE_CHAT = "Operations"                         // the title of a chat of the bot
//!     NOTIFICATIONTYPE = "$notification.type$"             // PROBLEM, RECOVERY, ACKNOWLEDGEMENT, ...
//!     HOSTNAME = "$host.name$"
//!     SERVICENAME = "$service.name$"                       // without these two: of the host
//!     STATE = "$service.state$"
//!     OUTPUT = "$service.output$"
//!   }
//! }
//! ```
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | the message was posted |
//! | 1 | the server rejects it |
//! | 2 | a variable is missing or invalid, or the bot has no such chat |
//! | 3 | the server could not be reached in time, or failed: `TEAMWIRE_DEADLINE` seconds, 30 by default |

use std::{env, process::ExitCode, time::Duration};

use teamwire_blocking::{AlertType, Client, Draft, Error, ErrorKind, config::RetryPolicy};

const REJECTED: u8 = 1;
const USAGE: u8 = 2;
const UNAVAILABLE: u8 = 3;

fn main() -> ExitCode {
    let var = |name: &str| env::var(name).ok();
    let client = teamwire_blocking::client_from_env().map_err(|error| failure(&error));
    match client.and_then(|client| notify(&client, var)) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, reason)) => {
            eprintln!("teamwire: {reason}");
            ExitCode::from(code)
        }
    }
}

fn notify(client: &Client, var: impl Fn(&str) -> Option<String>) -> Result<(), (u8, String)> {
    let present = |name| var(name).filter(|value| !value.is_empty());
    let required = |name| present(name).ok_or_else(|| (USAGE, format!("{name} is not set")));
    let seconds = present("TEAMWIRE_DEADLINE").unwrap_or_else(|| "30".to_owned());
    let seconds = seconds.parse().map_err(|_| (USAGE, format!("TEAMWIRE_DEADLINE is not a number: {seconds:?}")))?;
    let (title, kind, host) = (required("TEAMWIRE_CHAT")?, required("NOTIFICATIONTYPE")?, required("HOSTNAME")?);
    let subject = present("SERVICENAME").map_or_else(|| host.clone(), |service| format!("{service} on {host}"));
    let text = format!("{kind}: {subject} is {}\n{}", required("STATE")?, present("OUTPUT").unwrap_or_default());
    let alert_type = if kind == "PROBLEM" { AlertType::Alert } else { AlertType::Note };

    // The deadline is that of all requests together. Within it, they are retried as often as possible.
    let time = Duration::from_secs(seconds);
    let client = client.with_deadline(time).with_retry(RetryPolicy::within(time));
    let chats = client.chats().by_title(&title).map_err(|error| failure(&error))?;
    let chat = chats.iter().find(|chat| !chat.is_closed()).ok_or((USAGE, format!("the bot has no chat {title:?}")))?;
    chat.post(Draft::text(text.trim_end()).alert(alert_type)).map(drop).map_err(|error| failure(&error))
}

fn failure(error: &Error) -> (u8, String) {
    let code = match error.kind() {
        ErrorKind::InvalidInput => USAGE,
        // With a broken proxy or certificate, the server cannot be reached either.
        ErrorKind::Connection => UNAVAILABLE,
        _ if error.may_recover() => UNAVAILABLE,
        _ => REJECTED,
    };
    (code, format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use teamwire_blocking::{
        Script,
        effect::{TransportError, TransportErrorKind},
        script::{
            Respond,
            v1::{expect, respond, sample},
        },
        scripted,
    };

    use super::*;

    const SERVICE: [(&str, &str); 6] = [
        ("TEAMWIRE_CHAT", "Operations"),
        ("NOTIFICATIONTYPE", "PROBLEM"),
        ("HOSTNAME", "web1"),
        ("SERVICENAME", "http"),
        ("STATE", "CRITICAL"),
        ("OUTPUT", "connection refused"),
    ];

    fn run(script: &Script, vars: &[(&str, &str)]) -> Result<(), (u8, String)> {
        let value = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        notify(&scripted(script), value)
    }

    fn found() -> Script {
        let chats = respond::chats([sample::chat("c1", "Operations")]);
        Script::new().then(expect::chats_by_title("Operations"), chats)
    }

    #[test]
    fn problem_is_an_alert_and_a_recovery_a_note() {
        let text = "PROBLEM: http on web1 is CRITICAL\nconnection refused";
        let post = expect::post("c1").text(text).alert(&AlertType::Alert);
        run(&found().then(post, respond::message(sample::alert("m1", "c1", text))), &SERVICE).expect("it is posted");

        let host =
            [("TEAMWIRE_CHAT", "Operations"), ("NOTIFICATIONTYPE", "RECOVERY"), ("HOSTNAME", "web1"), ("STATE", "UP")];
        let post = expect::post("c1").text("RECOVERY: web1 is UP").alert(&AlertType::Note);
        run(&found().then(post, respond::message(sample::alert("m1", "c1", ""))), &host).expect("it is posted");
    }

    #[test]
    fn exit_codes_say_whose_mistake_it_is() {
        let code = |script, vars: &[_]| run(&script, vars).expect_err("it is not posted").0;
        assert_eq!(code(Script::new(), &SERVICE[1..]), USAGE);
        assert_eq!(code(Script::new(), &[&SERVICE[..], &[("TEAMWIRE_DEADLINE", "soon")]].concat()), USAGE);
        let unknown = Script::new().then(expect::chats_by_title("Operations"), respond::empty_list());
        assert_eq!(code(unknown, &SERVICE), USAGE);
        assert_eq!(code(found().then(expect::post("c1"), respond::forbidden()), &SERVICE), REJECTED);
    }

    #[test]
    fn server_behind_a_broken_certificate_or_proxy_is_not_reached() {
        let certificate = TransportError::new(TransportErrorKind::Tls, "the certificate has expired");
        let page = Respond::status(502).body("text/html", "<html>bad gateway</html>");
        for failure in [Respond::error(certificate), page.times(99)] {
            let script = Script::new().on(expect::chats_by_title("Operations"), [failure]);
            assert_eq!(run(&script, &SERVICE).expect_err("it is not posted").0, UNAVAILABLE);
        }
    }

    #[test]
    fn gives_up_in_time() {
        let script = Script::new().always(expect::chats_by_title("Operations"), Respond::unreachable());
        let (code, _) =
            run(&script, &[&SERVICE[..], &[("TEAMWIRE_DEADLINE", "5")]].concat()).expect_err("it is not posted");
        assert_eq!(code, UNAVAILABLE);
        assert!(script.requests().len() > 1);
        assert!(script.requests().iter().all(|request| request.at.since_epoch() <= Duration::from_secs(5)));
    }
}
