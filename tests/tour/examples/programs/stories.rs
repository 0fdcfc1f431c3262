use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use teamwire_blocking::{Client, Config, Message, NewChat};
use teamwire_sandbox::{Sandbox, org};

use crate::{
    MAX_WAIT,
    terminal::{Folder, Outcome, Program, unreachable_url, variables},
};

/// The name of an example, and what happens to it.
type Story = (&'static str, fn() -> Outcome);

pub(crate) const ALL: [Story; 9] = [
    ("acknowledgements", acknowledgements),
    ("alert", alert),
    ("alertmanager", alertmanager),
    ("commands", commands),
    ("icinga_notification", icinga_notification),
    ("live_map", live_map),
    ("migrate", migrate),
    ("outbox", outbox),
    ("replica", replica),
];

fn acknowledgements() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("acknowledgements")?);
    let variables = [variables(&sandbox), vec![("LISTEN", "127.0.0.1:0".to_owned())]].concat();
    let program = Program::start("acknowledgements", &["Pump 3 is down"], &variables, &folder)?;
    let line = program.line("The page is at http://")?;
    let address = line.trim_start_matches("The page is at http://").trim_end_matches('/');
    if !request(address, "GET /", "")?.contains("<!doctype html>") {
        return Err("there is no page".into());
    }
    let (tid, messages) = chat(&sandbox, "Operations")?;
    sandbox.as_person(org::ANNA).react(&tid, messages[0].mid.as_ref(), "ok")?;
    shows(address, "GET /board", "<td>Anna Berg</td><td>OK</td>")
}

fn alert() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("alert")?);
    let program = Program::start("alert", &[], &variables(&sandbox), &folder)?;
    program.line("I am Ops Bot.")?;
    program.line("Posted in Operations.")?;
    let (tid, messages) = chat(&sandbox, "Operations")?;
    let mid = messages.last().ok_or("there is no message")?.mid.to_string();
    sandbox.as_person(org::ANNA).react(&tid, &mid, "sos")?;
    program.line("Anna Berg: sos")?;
    sandbox.as_person(org::BEN).react(&tid, &mid, "ok")?;
    program.line("Ben Okafor: ok")?;
    program.ends_with(0)
}

fn alertmanager() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("alertmanager")?);
    let own = [("LISTEN", "127.0.0.1:0".to_owned()), ("ESCALATE_AFTER", "1".to_owned())];
    let variables = [variables(&sandbox), own.to_vec()].concat();
    let start = || -> Outcome<_> {
        let program = Program::start("alertmanager", &[], &variables, &folder)?;
        let line = program.line("Listening on http://")?;
        let address = line.trim_start_matches("Listening on http://").trim_end_matches('/').to_owned();
        Ok((program, address))
    };
    let (program, address) = start()?;
    webhook(&address, "firing")?;
    let (tid, _) = chat(&sandbox, "On call")?;
    let texts = |count| texts(&sandbox, &tid, count);
    texts(2)?;
    let (_, messages) = chat(&sandbox, "On call")?;
    if messages[0].attachments.is_empty() {
        return Err("the alert has no graph".into());
    }
    // Killed, as by `kill -9`. The reaction is given meanwhile.
    drop(program);
    sandbox.as_person(org::DAVID).react(&tid, messages[0].mid.as_ref(), "ok")?;

    let (program, address) = start()?;
    program.line("David Lindqvist reacted")?;
    webhook(&address, "firing")?;
    webhook(&address, "resolved")?;
    let expected = ["The disk is full", "No reaction yet", "David Lindqvist reacted: ok", "Resolved"];
    equal(&texts(4)?, &expected)
}

/// Posts a webhook as Alertmanager does.
fn webhook(address: &str, status: &str) -> Outcome {
    let body = format!(
        r#"{{ "version": "4", "alerts": [{{
            "status": "{status}", "labels": {{ "alertname": "Disk" }},
            "annotations": {{ "summary": "The disk is full" }},
            "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "f1"
        }}] }}"#
    );
    let response = request(address, "POST /", &body)?;
    if response.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(response.into()) }
}

/// Waits until a page contains this text.
fn shows(address: &str, line: &str, text: &str) -> Outcome {
    let start = Instant::now();
    while !request(address, line, "")?.contains(text) {
        if start.elapsed() > MAX_WAIT {
            return Err(format!("{line} does not show {text:?}").into());
        }
    }
    Ok(())
}

/// Returns the response to an HTTP request.
fn request(address: &str, line: &str, body: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "{line} HTTP/1.1\r\nhost: example\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

fn commands() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("commands")?);
    let program = Program::start("commands", &[], &variables(&sandbox), &folder)?;
    program.line("Following")?;
    sandbox.as_person(org::ANNA).post(org::LOBBY, "!help")?;
    sandbox.as_person(org::BEN).post(org::NOTICES, "!where")?;
    equal(&texts(&sandbox, org::NOTICES, 2)?, &["!where", "The office"])?;
    texts(&sandbox, org::LOBBY, 2)?;
    program.interrupt()?;
    program.ends_with(0)?;

    // What was posted meanwhile is handled by the next process.
    sandbox.as_person(org::ANNA).post(org::LOBBY, "!poll Tea? | yes | no")?;
    let program = Program::start("commands", &[], &variables(&sandbox), &folder)?;
    let lobby = texts(&sandbox, org::LOBBY, 4)?;
    equal(&lobby[2..], &["!poll Tea? | yes | no", "Please vote."])?;
    program.interrupt()?;
    program.ends_with(0)
}

fn icinga_notification() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("icinga")?);
    let own = [
        ("TEAMWIRE_CHAT", "Lobby"),
        ("NOTIFICATIONTYPE", "PROBLEM"),
        ("HOSTNAME", "web1"),
        ("SERVICENAME", "http"),
        ("STATE", "CRITICAL"),
        ("OUTPUT", "connection refused"),
    ];
    let own = own.map(|(name, value)| (name, value.to_owned())).to_vec();
    let run = |others: &[(&'static str, String)], code| {
        let variables = [&variables(&sandbox)[..], &own, others].concat();
        Program::start("icinga_notification", &[], &variables, &folder)?.ends_with(code)
    };
    run(&[], 0)?;
    equal(&texts(&sandbox, org::LOBBY, 1)?, &["PROBLEM: http on web1 is CRITICAL\nconnection refused"])?;
    run(&[("TEAMWIRE_SECRET", "a wrong one".to_owned())], 1)?;
    run(&[("TEAMWIRE_CHAT", "Nowhere".to_owned())], 2)?;
    run(&[("TEAMWIRE_URL", unreachable_url()?), ("TEAMWIRE_DEADLINE", "1".to_owned())], 3)
}

fn live_map() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("live_map")?);
    let variables = [variables(&sandbox), vec![("LISTEN", "127.0.0.1:0".to_owned())]].concat();
    let program = Program::start("live_map", &[org::LOBBY], &variables, &folder)?;
    let line = program.line("The page is at http://")?;
    let address = line.trim_start_matches("The page is at http://").trim_end_matches('/');
    program.line("Following the chat.")?;
    sandbox.as_person(org::ANNA).share(org::LOBBY, 48.1, 11.5, Duration::from_secs(900))?;
    shows(address, "GET /map", "Anna Berg</text>")
}

fn migrate() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("migrate")?);
    client(&sandbox)?.chats().create_chat(NewChat::titled("Incident").users([org::ANNA]))?;
    let run = |timeout: &str| {
        let variables = [variables(&sandbox), vec![("TIMEOUT", timeout.to_owned())]].concat();
        Program::start("migrate", &["Incident", "Notices", "Pump 3 is down"], &variables, &folder)
    };
    run("2")?.ends_with(0)?;
    equal(&texts(&sandbox, org::NOTICES, 1)?, &["No reaction: Pump 3 is down"])?;

    let program = run("600")?;
    let (tid, _) = chat(&sandbox, "Incident")?;
    texts(&sandbox, &tid, 2)?;
    let (_, messages) = chat(&sandbox, "Incident")?;
    sandbox.as_person(org::ANNA).react(&tid, messages[1].mid.as_ref(), "ok")?;
    program.ends_with(0)?;
    if client(&sandbox)?.chats().chat(&tid).get()?.is_closed() { Ok(()) } else { Err("the chat is open".into()) }
}

fn outbox() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("outbox")?);
    let run = |variables: &[_], input: &str| -> Outcome<_> {
        let mut program = Program::start("outbox", &[org::LOBBY], variables, &folder)?;
        program.input(input)?;
        Ok(program)
    };
    let offline = [variables(&sandbox), vec![("TEAMWIRE_URL", unreachable_url()?)]].concat();
    run(&offline, "one\ntwo\n")?.ends_with(1)?;
    let program = run(&variables(&sandbox), "three\n")?;
    program.line("posted 3")?;
    program.ends_with(0)?;
    equal(&texts(&sandbox, org::LOBBY, 3)?, &["one", "two", "three"])
}

fn replica() -> Outcome {
    let (sandbox, folder) = (Sandbox::start()?, Folder::new("replica")?);
    let first = Program::start("replica", &["--begin"], &variables(&sandbox), &folder)?;
    first.line("Following")?;
    let second = Program::start("replica", &[], &variables(&sandbox), &folder)?;
    second.line("Waiting")?;
    // The first one has to have begun before something is posted.
    let begun = sandbox.wait_until(MAX_WAIT, |sandbox| sandbox.pending_polls() > 0);
    if !begun {
        return Err("it does not poll".into());
    }
    let anna = sandbox.as_person(org::ANNA);
    anna.post(org::LOBBY, "ping")?;
    equal(&texts(&sandbox, org::LOBBY, 2)?, &["ping", "pong"])?;
    first.terminate()?;
    first.line("Stopped.")?;
    first.ends_with(0)?;
    anna.post(org::LOBBY, "ping")?;
    second.line("Following")?;
    equal(&texts(&sandbox, org::LOBBY, 4)?, &["ping", "pong", "ping", "pong"])?;
    second.terminate()?;
    second.ends_with(0)
}

fn client(sandbox: &Sandbox) -> Outcome<Client> {
    Ok(teamwire_blocking::client(Config::from_vars(|name| sandbox.var(name))?)?)
}

/// Returns the id of the chat with this title, and its messages.
fn chat(sandbox: &Sandbox, title: &str) -> Outcome<(String, Vec<Message>)> {
    let chats = client(sandbox)?.chats().by_title(title)?;
    let chat = chats.first().ok_or("there is no such chat")?;
    Ok((chat.tid().to_string(), chat.messages(None)?.messages))
}

/// Waits until the chat has this number of messages, and returns their texts.
fn texts(sandbox: &Sandbox, tid: &str, count: usize) -> Outcome<Vec<String>> {
    let complete = sandbox.wait_until(MAX_WAIT, |sandbox| sandbox.texts(tid).len() >= count);
    let texts = sandbox.texts(tid).into_iter().map(Option::unwrap_or_default).collect();
    if complete { Ok(texts) } else { Err(format!("there are fewer than {count} messages: {texts:?}").into()) }
}

fn equal(texts: &[String], expected: &[&str]) -> Outcome {
    if texts == expected { Ok(()) } else { Err(format!("{texts:?}, not {expected:?}").into()) }
}
