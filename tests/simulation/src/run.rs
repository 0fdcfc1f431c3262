//! A run: a phase with faults and crashes, then a phase without faults in which everything has to be completed.

use std::time::Duration;

use chrono::TimeDelta;
use teamwire_core::{
    Chat, Client,
    executor::{Executor, Manual},
    machine::{Machine, Reply, Step},
    script::sample,
};
use teamwire_sandbox::world::org;

use super::{
    disk::{PendingPost, PostState},
    environment::{Environment, Event, Owner},
    network, people,
    process::{Process, ProcessState},
    violation::{SIMULATOR, Violation, violation},
    workload::{Action, ChatRefs},
};

/// Maximum time from the end of the faults until everything is delivered.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Crashed,
    Finished,
}

pub(super) fn run(env: &mut Environment) -> Result<(), Violation> {
    loop {
        let client = Client::new(env.start_process());
        let chats = ChatRefs { lobby: client.chats().chat(org::LOBBY), notices: client.chats().chat(org::NOTICES) };
        env.log(|| "a process starts".into());
        let mut snapshots = lobby_snapshots(&client)?;
        let mut process = Process::new(&client, &chats, &mut snapshots, env)?;
        if run_process(env, &mut process)? == Exit::Finished {
            return check_oracle(env);
        }
        env.end_process();
        let downtime = match env.random.below(100) {
            0..=2 => Duration::from_secs(70 * 60),
            3..=9 => Duration::from_secs(20 * 60),
            _ => env.random.millis(0..=5_000),
        };
        env.schedule_after(downtime, Event::ProcessStarts);
        run_without_process(env)?;
    }
}

/// Returns as many snapshots of the lobby as one process may need.
fn lobby_snapshots(client: &Client<Manual>) -> Result<Vec<Chat<Manual>>, Violation> {
    let now = client.executor().now();
    let mut search = client.chats().by_thread_id(org::LOBBY);
    if let Step::Send(ticket, _) = search.poll(now) {
        let chat = sample::chat(org::LOBBY, "Lobby").to_string().into_bytes();
        search.handle(now, ticket, Reply::Response(http::Response::new(chat)));
    }
    match search.poll(now) {
        Step::Done(Ok(Some(chat))) => Ok(vec![chat; 16]),
        _ => violation(SIMULATOR, || "the lobby was not found".into()),
    }
}

/// Runs the world until the next process starts.
fn run_without_process(env: &mut Environment) -> Result<(), Violation> {
    loop {
        match env.next_event()? {
            Some(Event::ProcessStarts) => return Ok(()),
            Some(Event::RequestArrives(id)) => env.on_request(id)?,
            Some(Event::RandomAction) => {
                people::random_action(&mut env.server, &mut env.random, env.clock, &mut env.trace)?;
                schedule_action(env);
            }
            Some(other) => apply_world_event(env, &other)?,
            None => {}
        }
        env.resume_polls();
    }
}

/// Runs one process to its end.
fn run_process(env: &mut Environment, process: &mut Process<'_>) -> Result<Exit, Violation> {
    let mut is_stopping = false;
    env.poll_process_at(env.clock);
    loop {
        let polls_process = match env.next_event()? {
            Some(Event::RequestArrives(id)) => {
                env.on_request(id)?;
                false
            }
            Some(Event::ReplyArrives(id, reply)) => {
                let (owner, ticket) = (env.exchanges[id].owner, env.exchanges[id].ticket);
                if env.exchanges[id].incarnation == env.incarnation && !env.exchanges[id].is_abandoned {
                    env.stop_awaiting(id);
                    if let Some(reply) = env.misrouted(id, &reply) {
                        process.misdeliver_reply(env, ticket, &reply)?;
                    }
                    process.deliver_reply(env, owner, ticket, *reply)?;
                }
                true
            }
            Some(Event::TimesOut(id)) => {
                let (owner, ticket) = (env.exchanges[id].owner, env.exchanges[id].ticket);
                if env.exchanges[id].incarnation == env.incarnation && env.stop_awaiting(id) {
                    process.deliver_reply(env, owner, ticket, network::timed_out())?;
                }
                true
            }
            Some(Event::PollProcess) => true,
            Some(event @ (Event::RandomAction | Event::FaultsEnd)) if env.suspended_until().is_some() => {
                // The fault phase lasts until the machine is awake.
                let awake = env.suspended_until().unwrap_or_default() + Duration::from_millis(1);
                env.schedule_at(awake, event);
                false
            }
            Some(Event::RandomAction) if env.in_fault_phase => {
                if on_random_action(env, process)? == ProcessState::Crashed {
                    return Ok(Exit::Crashed);
                }
                schedule_action(env);
                true
            }
            Some(other) => {
                apply_world_event(env, &other)?;
                true
            }
            None => false,
        };
        env.resume_polls();
        if polls_process && process.poll(env)? == ProcessState::Crashed {
            return Ok(Exit::Crashed);
        }
        if !env.in_fault_phase && settle(env, process, &mut is_stopping)? {
            return Ok(Exit::Finished);
        }
    }
}

/// Schedules the next random action during the fault phase.
fn schedule_action(env: &mut Environment) {
    if env.in_fault_phase {
        let pause = env.random.millis(1..=env.scenario.max_pause_ms);
        env.schedule_after(pause, Event::RandomAction);
    }
}

/// Applies an event that does not depend on the process.
fn apply_world_event(env: &mut Environment, event: &Event) -> Result<(), Violation> {
    match event {
        Event::OutageEnds => env.is_down = false,
        Event::KeyRestored => set_key_valid(env, true),
        Event::BotReadded(tid) => people::set_bot_removed(&mut env.server, env.clock, tid, false)?,
        Event::FaultsEnd => {
            env.log(|| "the faults end".into());
            (env.in_fault_phase, env.is_down, env.scenario.fault_phase) = (false, false, env.clock);
            env.server.world.set_rate_limit(None);
            set_key_valid(env, true);
            for tid in [org::LOBBY, org::NOTICES] {
                people::set_bot_removed(&mut env.server, env.clock, tid, false)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Restores or revokes the bot's key.
fn set_key_valid(env: &mut Environment, is_valid: bool) {
    let key = env.server.world.bot_key();
    env.server.world.set_key_revoked(&key.app_id, !is_valid);
}

fn on_random_action(env: &mut Environment, process: &mut Process<'_>) -> Result<ProcessState, Violation> {
    if env.random.chance(env.scenario.disruption_permille) {
        return disrupt(env, process);
    }
    if env.random.chance(env.scenario.operation_permille) {
        start_random_operation(env, process);
        return Ok(ProcessState::Running);
    }
    people::random_action(&mut env.server, &mut env.random, env.clock, &mut env.trace)?;
    Ok(ProcessState::Running)
}

fn start_random_operation(env: &mut Environment, process: &mut Process<'_>) {
    let tid = *env.random.pick(&[org::LOBBY, org::NOTICES]);
    let action = match env.random.below(11) {
        0..=2 => {
            env.disk.outbox.push(PendingPost { tid, state: PostState::InProgress });
            Action::PostPending(env.disk.outbox.len() - 1)
        }
        3 | 4 => {
            env.disk.plain_posts += 1;
            Action::Post(env.disk.plain_posts)
        }
        5 => Action::StartSharing(tid, env.server.oracle.new_latitude()),
        6 => Action::UpdateLocation(env.server.oracle.new_latitude()),
        7 => Action::StopSharing(tid),
        8 | 9 => {
            env.disk.title_updates += 1;
            Action::UpdateTitle(env.disk.title_updates)
        }
        _ => Action::SetAdmin(env.random.chance(500)),
    };
    process.start_operation(env, action, tid);
}

fn disrupt(env: &mut Environment, process: &mut Process<'_>) -> Result<ProcessState, Violation> {
    env.disruptions += 4;
    let now = env.server.now(env.clock);
    let duration = env.random.millis(500..=20_000);
    let kind = env.random.below(13);
    env.log(|| {
        let names = [
            "all leases expire",
            "all cursors expire",
            "all subscriptions are deleted",
            "the key is revoked",
            "the bot is removed from a chat",
            "an outage begins",
            "the wall clock is set",
            "a feed is stopped",
            "the process is killed",
            "the executor loses its connections",
            "the machine is suspended",
            "the bot posts many messages at once",
            "the bot restarts its feeds",
        ];
        usize::try_from(kind).map_or(String::new(), |index| names[index].into())
    });
    match kind {
        0 => env.server.world.expire_leases(now),
        1 => env.server.world.expire_cursors(),
        2 => env.server.world.unsubscribe_all(now),
        3 => {
            set_key_valid(env, false);
            env.schedule_after(duration, Event::KeyRestored);
        }
        4 => {
            let tid = *env.random.pick(&[org::LOBBY, org::NOTICES]);
            people::set_bot_removed(&mut env.server, env.clock, tid, true)?;
            env.schedule_after(duration, Event::BotReadded(tid));
        }
        5 => {
            env.is_down = true;
            env.schedule_after(duration * 2, Event::OutageEnds);
        }
        6 => {
            let seconds = i64::try_from(env.random.within(0..=172_800)).unwrap_or_default() - 86_400;
            env.clock_skew = TimeDelta::seconds(seconds);
        }
        7 => {
            let key = usize::try_from(env.random.below(process.invariants.len() as u64)).unwrap_or_default();
            process.stop(env, key);
        }
        8 => return Ok(ProcessState::Crashed),
        9 => {
            let incarnation = env.incarnation;
            env.abandon(|exchange| exchange.incarnation == incarnation);
            process.reissue();
        }
        10 => {
            let duration = *env.random.pick(&[3, 60, 600, 2_000]);
            env.suspend(Duration::from_secs(duration));
        }
        11 => {
            for _ in 0..env.random.within(10..=40) {
                env.disk.plain_posts += 1;
                process.start_operation(env, Action::Post(env.disk.plain_posts), org::LOBBY);
            }
        }
        _ => restart_ended_feeds(env, process)?,
    }
    Ok(ProcessState::Running)
}

fn restart_ended_feeds(env: &mut Environment, process: &mut Process<'_>) -> Result<(), Violation> {
    for key in 0..process.invariants.len() {
        if process.feed_end(key).is_some() {
            // Replies to the previous feed must not reach the new one.
            let incarnation = env.incarnation;
            env.abandon(|exchange| exchange.incarnation == incarnation && exchange.owner == Owner::Feed(key));
            process.start_feed(env, key)?;
        }
    }
    Ok(())
}

/// Completes the run after the fault phase: restarts ended feeds, posts the outbox, and stops the feeds once everything
/// is delivered. Returns `true` when all feeds have ended.
fn settle(env: &mut Environment, process: &mut Process<'_>, is_stopping: &mut bool) -> Result<bool, Violation> {
    if env.clock > env.scenario.fault_phase.max(env.process_started_at) + SETTLE_TIMEOUT {
        return violation("every change is delivered in the end", || format!("{:?}", process.invariants));
    }
    if *is_stopping {
        return Ok(process.all_ended());
    }
    let has_ended_feeds = (0..process.invariants.len()).any(|key| process.feed_end(key).is_some());
    let has_queued_posts = env.disk.outbox.iter().any(|post| post.state == PostState::Queued);
    if has_ended_feeds || has_queued_posts {
        restart_ended_feeds(env, process)?;
        for number in 0..env.disk.outbox.len() {
            if env.disk.outbox[number].state == PostState::Queued {
                env.disk.outbox[number].state = PostState::InProgress;
                process.start_operation(env, Action::PostPending(number), env.disk.outbox[number].tid);
            }
        }
        env.poll_process_at(env.clock);
    } else if process.is_idle() && process.invariants.iter().all(|feed| feed.is_complete(&env.server.oracle)) {
        *is_stopping = true;
        for key in 0..process.invariants.len() {
            process.stop(env, key);
        }
        env.poll_process_at(env.clock);
    }
    Ok(false)
}

/// Checks that the oracle and the world agree.
fn check_oracle(env: &mut Environment) -> Result<(), Violation> {
    env.server.advance_time(env.clock);
    let [title, recorded] = env.server.lobby_titles(env.clock);
    if recorded.is_some() && title != recorded {
        return violation(SIMULATOR, || format!("the title of the lobby is {title:?} instead of {recorded:?}"));
    }
    let (world, oracle) = (&env.server.world, &env.server.oracle);
    if world.message_count() != oracle.message_count || world.share_count() != oracle.shares.len() {
        return violation(SIMULATOR, || {
            let actual = (world.message_count(), world.share_count());
            format!(
                "the world has {actual:?} messages and shares, the oracle {:?}",
                (oracle.message_count, oracle.shares.len())
            )
        });
    }
    Ok(())
}
