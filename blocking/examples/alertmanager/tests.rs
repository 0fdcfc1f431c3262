use std::{fs, io::Cursor, time::Duration};

use teamwire_blocking::{
    AlertType, Error, Outbox, Script,
    chrono::{DateTime, TimeDelta},
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
    scripted, serde_json,
};
use teamwire_test_support::Folder;

use crate::{RETENTION, bridge::Bridge, graph, http::Request, respond};

const KEY: &str = "f1-1767225600000";
const HOUR: Duration = Duration::from_secs(3_600);

fn alert(status: &str) -> String {
    format!(
        r#"{{ "alerts": [{{
            "status": "{status}", "labels": {{ "alertname": "Disk" }},
            "annotations": {{ "summary": "The disk is full" }},
            "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "f1"
        }}] }}"#
    )
}

/// Runs a process that receives these webhooks, until the responses to its feed are used up.
fn run(script: &Script, folder: &Folder, statuses: &[&str]) -> Result<(), Error> {
    let bridge = bridge(script, folder)?;
    for status in statuses {
        bridge.receive(&serde_json::from_str(&alert(status)).expect("it is valid"))?;
    }
    bridge.run()
}

fn bridge(script: &Script, folder: &Folder) -> Result<Bridge, Error> {
    Ok(Bridge {
        client: scripted(script),
        chat: "c1".into(),
        outbox: Outbox::open(folder.path("outbox"))?.with_retention(RETENTION),
        escalate_after: Duration::from_secs(5 * 60),
    })
}

/// A script with a feed of reactions that starts here, and these responses to its polls.
fn script(polls: impl IntoIterator<Item = Respond>) -> Script {
    Script::new()
        .on(expect::subscribe_reactions(), [respond::subscription("s1", "k0")])
        .on(expect::reaction_updates(), polls)
}

/// No reactions for this number of minutes.
fn silence(minutes: u32) -> Respond {
    respond::no_updates("k0").delay(Duration::from_secs(30)).times(2 * minutes)
}

fn posts_alert(script: Script) -> Script {
    posts_alert_at(script, 0)
}

/// The alert is posted after this time.
fn posts_alert_at(script: Script, hours: u64) -> Script {
    let mut message = sample::alert("m1", "c1", "The disk is full");
    message["timestamp"] = (1_767_225_600_000 + hours * 3_600_000).into();
    let graph = respond::uploaded(sample::asset("a1", "alerts.png", "image/png", 300));
    script.then(expect::upload().file_name("alerts.png"), graph).then(
        expect::post("c1").text("The disk is full").alert(&AlertType::Alert).idempotency_key(KEY),
        respond::message(message),
    )
}

fn posts(script: Script, text: &str, key: &str) -> Script {
    let message = respond::message(sample::message("m2", "c1", text));
    script.then(expect::post("c1").text(text).idempotency_key(key), message)
}

#[test]
fn alert_without_reaction_is_escalated_once_and_resolved() -> Result<(), Error> {
    let folder = Folder::new();
    // Alertmanager repeats alerts that are still firing.
    let first = posts_alert(script([silence(11)]));
    // At the start of the feed, and before the escalation.
    let first = first.on(expect::reactions("c1", "m1"), [respond::empty_list().times(2)]);
    let first = posts(first, "No reaction yet", &format!("{KEY}-escalated"));
    run(&first, &folder, &["firing", "firing"])?;
    first.assert_done();
    let second = posts(script([silence(6)]), "Resolved", &format!("{KEY}-resolved"));
    let second = second.on(expect::reactions("c1", "m1"), [respond::empty_list()]);
    run(&second, &folder, &["firing", "resolved", "resolved"])?;
    second.assert_done();
    Ok(())
}

#[test]
fn reaction_is_reported_by_the_next_process_and_prevents_escalation() -> Result<(), Error> {
    let folder = Folder::new();
    let before = posts_alert(script([silence(1)])).on(expect::reactions("c1", "m1"), [respond::empty_list()]);
    run(&before, &folder, &["firing"])?;
    before.assert_done();

    let reactions = [sample::reaction("r1", "m1", "c1", "ok"), sample::reaction("r2", "another", "c1", "ok")];
    // The list has it before the feed delivers it.
    let missed = respond::reactions([sample::reaction("r1", "m1", "c1", "ok")]);
    let after = script([respond::reaction_updates(reactions, "k1"), silence(11)]);
    let after =
        posts(after.on(expect::reactions("c1", "m1"), [missed]), "Anna Berg reacted: ok", &format!("{KEY}-reaction-1"));
    run(&after, &folder, &[])?;
    after.assert_done();
    // It is not reported again.
    let listed = respond::reactions([sample::reaction("r1", "m1", "c1", "ok")]);
    let next = Script::new()
        .on(expect::reactions("c1", "m1"), [listed])
        .on(expect::subscribe_reactions(), [respond::subscription("s2", "k9")])
        .on(expect::reaction_updates().cursor("k1"), [silence(1)]);
    run(&next, &folder, &[])
}

#[test]
fn reaction_that_is_changed_back_is_reported_again() -> Result<(), Error> {
    let folder = Folder::new();
    let mut script = posts_alert(script(
        ["ok", "sos", "ok"].map(|kind| respond::reaction_updates([sample::reaction("r1", "m1", "c1", kind)], "k1")),
    ));
    script = script.on(expect::reactions("c1", "m1"), [respond::empty_list()]);
    for (number, kind) in [(1, "ok"), (2, "sos"), (3, "ok")] {
        script = posts(script, &format!("Anna Berg reacted: {kind}"), &format!("{KEY}-reaction-{number}"));
    }
    run(&script, &folder, &["firing"])?;
    script.assert_done();
    Ok(())
}

#[test]
fn alert_of_an_outage_is_saved_and_posted_afterwards() -> Result<(), Error> {
    let folder = Folder::new();
    let script = posts_alert_at(script([silence(1)]), 1).on(expect::reactions("c1", "m1"), [respond::empty_list()]);
    script.down_for(HOUR);
    run(&script, &folder, &["firing"])?;
    script.assert_done();
    Ok(())
}

/// The first post fails, and the feed delivers a reaction before the post is repeated.
#[test]
fn reaction_to_a_message_of_unknown_id_is_reported_once_it_is_known() -> Result<(), Error> {
    let folder = Folder::new();
    let graph = respond::uploaded(sample::asset("a1", "alerts.png", "image/png", 300));
    let reaction = || sample::reaction("r1", "m1", "c1", "ok");
    let script = script([respond::reaction_updates([reaction()], "k1"), silence(12)]);
    let script = script.then(expect::upload(), graph).then(expect::post("c1"), respond::unavailable(600));
    // Not due for an escalation.
    let script = posts_alert_at(script, 1).on(expect::reactions("c1", "m1"), [respond::reactions([reaction()])]);
    let script = posts(script, "Anna Berg reacted: ok", &format!("{KEY}-reaction-1"));
    run(&script, &folder, &["firing"])?;
    script.assert_done();
    Ok(())
}

/// Alertmanager repeats an alert as long as it fires. It does not say that it is resolved if it has lost its state.
#[test]
fn alert_is_posted_once_however_long_it_fires_and_forgotten_afterwards() -> Result<(), Error> {
    let folder = Folder::new();
    let silent = |minutes| script([silence(minutes)]).on(expect::reactions("c1", "m1"), [respond::empty_list()]);
    let first = posts_alert(script([silence(11)])).on(expect::reactions("c1", "m1"), [respond::empty_list().times(2)]);
    run(&posts(first, "No reaction yet", &format!("{KEY}-escalated")), &folder, &["firing"])?;
    // For longer than the retention, every twelve hours. Nothing is posted.
    for _ in 0..5 {
        run(&silent(12 * 60), &folder, &["firing"])?;
    }
    let keys = |bridge: &Bridge| bridge.outbox.messages().iter().map(|it| it.key.to_owned()).collect::<Vec<_>>();
    assert_eq!(keys(&bridge(&Script::new(), &folder)?), [KEY]);
    run(&silent(51 * 60), &folder, &[])?;
    assert_eq!(keys(&bridge(&Script::new(), &folder)?), [""; 0]);
    Ok(())
}

#[test]
fn time_of_an_escalation_may_be_beyond_the_calendar() -> Result<(), Error> {
    for escalate_after in [Duration::MAX, HOUR * 24 * 100_000_000] {
        let folder = Folder::new();
        let script = posts_alert(script([silence(1)])).on(expect::reactions("c1", "m1"), [respond::empty_list()]);
        let bridge = Bridge { escalate_after, ..bridge(&script, &folder)? };
        bridge.receive(&serde_json::from_str(&alert("firing")).expect("it is valid"))?;
        bridge.run()?;
        script.assert_done();
    }
    Ok(())
}

#[test]
fn webhook_is_confirmed_once_it_is_saved() -> Result<(), Error> {
    let folder = Folder::new();
    let bridge = bridge(&Script::new(), &folder)?;
    let post = |body: &str| Request { line: "POST /".to_owned(), body: body.into() };
    assert_eq!(respond(&bridge, &post("{}")).0, 400);
    assert_eq!(respond(&bridge, &Request { line: "GET /".to_owned(), body: Vec::new() }).0, 405);
    fs::create_dir(folder.path("outbox")).expect("nothing is in the way");
    for _ in 0..2 {
        assert_eq!(respond(&bridge, &post(&alert("firing"))).0, 503);
    }
    fs::remove_dir(folder.path("outbox")).expect("it is empty");
    assert_eq!(respond(&bridge, &post(&alert("firing"))).0, 200);
    assert_eq!(Outbox::<serde_json::Value>::open(folder.path("outbox"))?.messages().waiting(), 1);
    Ok(())
}

#[test]
fn rejected_alert_does_not_block_the_others() -> Result<(), Error> {
    let folder = Folder::new();
    let graph = respond::uploaded(sample::asset("a1", "alerts.png", "image/png", 300));
    let script = script([silence(1)]).then(expect::upload(), graph).then(expect::post("c1"), respond::closed_chat());
    run(&script, &folder, &["firing"])?;
    script.assert_done();
    assert_eq!(bridge(&script, &folder)?.outbox.messages().waiting(), 0);
    Ok(())
}

#[test]
fn graph_shows_the_alerts_of_a_day() {
    let end = DateTime::from_timestamp(1_767_225_600, 0).expect("it is in range");
    let alerts = [0, 0, 60, 23 * 60, 24 * 60].map(|minutes| end - TimeDelta::minutes(minutes));
    let image = graph::png(alerts.into_iter(), end);
    let mut reader = png::Decoder::new(Cursor::new(image)).read_info().expect("it is a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
    let info = reader.next_frame(&mut pixels).expect("it has an image");
    assert_eq!((info.width, info.height), (24 * 16, 96));
    let height = |bar: usize| pixels.chunks(24 * 16).filter(|row| row[bar * 16 + 8] < 0x80).count();
    assert_eq!([height(23), height(22), height(21), height(0)], [96, 48, 0, 48]);
}
