use std::{fs, io::Cursor, time::Duration};

use teamwire_blocking::{
    AlertType, Client, Error, Script, StateFile,
    chrono::{DateTime, TimeDelta},
    script::v1::{expect, respond, sample},
    scripted, serde_json,
};
use teamwire_test_support::Folder;

use crate::{bridge::Bridge, graph, http::Request, respond, webhook::Webhook};

const KEY: &str = "f1-1767225600000";

fn alert(status: &str) -> String {
    format!(
        r#"{{ "alerts": [{{
            "status": "{status}", "labels": {{ "alertname": "Disk" }},
            "annotations": {{ "summary": "The disk is full" }},
            "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "f1"
        }}] }}"#
    )
}

fn webhook(status: &str) -> Webhook {
    serde_json::from_str(&alert(status)).expect("it is valid")
}

fn bridge(script: &Script, folder: &Folder) -> Result<(Client, Bridge), Error> {
    let client = scripted(script);
    let chat = client.chats().chat("c1").get()?;
    let bridge = Bridge::new(&client, &chat, StateFile::new(folder.path("state")), Duration::from_secs(300))?;
    Ok((client, bridge))
}

fn script() -> Script {
    Script::new().always(expect::chat("c1"), respond::chat(sample::chat("c1", "On call")))
}

fn posts_alert(script: Script) -> Script {
    let graph = respond::uploaded(sample::asset("a1", "alerts.png", "image/png", 300));
    script.then(expect::upload().file_name("alerts.png"), graph).then(
        expect::post("c1").text("The disk is full").alert(&AlertType::Alert).idempotency_key(KEY),
        respond::message(sample::alert("m1", "c1", "The disk is full")),
    )
}

fn posts(script: Script, text: &str, key: &str) -> Script {
    let message = respond::message(sample::message("m2", "c1", text));
    script.then(expect::post("c1").text(text).idempotency_key(key), message)
}

#[test]
fn alert_without_reaction_is_escalated_once_and_resolved() -> Result<(), Error> {
    let folder = Folder::new();
    let script = posts_alert(script()).then(expect::reactions("c1", "m1"), respond::empty_list());
    let script = posts(script, "No reaction yet: The disk is full", &format!("{KEY}-escalated"));
    let script = posts(script, "Resolved: The disk is full", &format!("{KEY}-resolved"));
    let (client, bridge) = bridge(&script, &folder)?;
    bridge.receive(webhook("firing"))?;
    // Alertmanager repeats alerts that are still firing.
    bridge.receive(webhook("firing"))?;
    bridge.escalate()?;
    client.sleep(Duration::from_secs(301))?;
    bridge.escalate()?;
    bridge.escalate()?;
    bridge.receive(webhook("resolved"))?;
    bridge.receive(webhook("resolved"))?;
    script.assert_done();
    Ok(())
}

#[test]
fn reaction_is_reported_by_the_next_process_and_prevents_escalation() -> Result<(), Error> {
    let folder = Folder::new();
    let before = posts_alert(script());
    bridge(&before, &folder)?.1.receive(webhook("firing"))?;
    before.assert_done();

    let reactions = [sample::reaction("r1", "m1", "c1", "ok"), sample::reaction("r2", "another", "c1", "ok")];
    let script = script()
        .then(expect::subscribe_reactions(), respond::subscription("s1", "k0"))
        .then(expect::reaction_updates().cursor("k0"), respond::reaction_updates(reactions, "k1"));
    let script = posts(script, r#"Anna Berg reacted to "The disk is full": ok"#, "r1-ok");
    let (client, bridge) = bridge(&script, &folder)?;
    bridge.follow_reactions()?;
    client.sleep(Duration::from_secs(301))?;
    bridge.escalate()?;
    script.assert_done();
    let state = fs::read_to_string(folder.path("state")).expect("it was saved");
    assert!(state.contains("\"k1\""), "the checkpoint is saved: {state}");
    Ok(())
}

#[test]
fn alertmanager_is_asked_to_repeat_what_was_not_posted() -> Result<(), Error> {
    let folder = Folder::new();
    let script = posts_alert(script());
    let (_, bridge) = bridge(&script, &folder)?;
    let post = |body: String| Request { line: "POST /".to_owned(), body: body.into_bytes() };
    assert_eq!(respond(&bridge, &post("{}".to_owned())).0, 400);
    assert_eq!(respond(&bridge, &Request { line: "GET /".to_owned(), body: Vec::new() }).0, 405);
    script.down_for(Duration::from_secs(3600));
    assert_eq!(respond(&bridge, &post(alert("firing"))).0, 503);
    script.advance(Duration::from_secs(3600));
    assert_eq!(respond(&bridge, &post(alert("firing"))).0, 200);
    script.assert_done();
    Ok(())
}

#[test]
fn graph_shows_the_alerts_of_a_day() {
    let end = DateTime::from_timestamp(1_767_225_600, 0).expect("it is in range");
    let alerts = [0, 0, 60, 23 * 60, 24 * 60].map(|minutes| end - TimeDelta::minutes(minutes));
    let image = graph::png(&alerts, end);
    let mut reader = png::Decoder::new(Cursor::new(image)).read_info().expect("it is a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
    let info = reader.next_frame(&mut pixels).expect("it has an image");
    assert_eq!((info.width, info.height), (24 * 16, 96));
    let height = |bar: usize| pixels.chunks(24 * 16).filter(|row| row[bar * 16 + 8] < 0x80).count();
    assert_eq!([height(23), height(22), height(21), height(0)], [96, 48, 0, 48]);
}
