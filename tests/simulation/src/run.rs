//! A run: storms, deaths, and in the end a calm in which everything must come right.

use std::time::Duration;

use chrono::TimeDelta;
use teamwire_core::{ByHand, Chat, Client, Executor, Machine, Reply, Step, script::sample};
use teamwire_sandbox::world::org;

use super::{
    disk::{Letter, Post},
    environment::{Happening, Owner, Universe},
    network, people,
    process::{Life, Process},
    violation::{Broken, broken},
    workload::{Rooms, Task},
};

/// How long after the storm all must be told.
const PATIENCE: Duration = Duration::from_secs(400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Died,
    Finished,
}

pub(super) fn run(run: &mut Universe) -> Result<(), Broken> {
    loop {
        let client = Client::new(run.boot());
        let rooms = Rooms { lobby: client.chats().chat(org::LOBBY), notices: client.chats().chat(org::NOTICES) };
        run.note(|| "a process is started".into());
        let mut lobbies = lobbies(&client)?;
        let mut process = Process::new(&client, &rooms, &mut lobbies, run)?;
        if live(run, &mut process)? == Exit::Finished {
            return check_world(run);
        }
        run.bury();
        let down = match run.random.below(100) {
            0..=2 => Duration::from_secs(70 * 60),
            3..=9 => Duration::from_secs(20 * 60),
            _ => run.random.millis(0..=5_000),
        };
        run.after(down, Happening::Reboots);
        lie_still(run)?;
    }
}

/// Snapshots of the lobby, as many as a life has use for.
fn lobbies(client: &Client<ByHand>) -> Result<Vec<Chat<ByHand>>, Broken> {
    let now = client.executor().now();
    let mut search = client.chats().by_thread_id(org::LOBBY);
    if let Step::Send(ticket, _) = search.poll(now) {
        let chat = sample::chat(org::LOBBY, "Lobby").to_string().into_bytes();
        search.handle(now, ticket, Reply::Response(http::Response::new(chat)));
    }
    match search.poll(now) {
        Step::Done(Ok(Some(chat))) => Ok(vec![chat; 16]),
        _ => broken("the simulation holds", || "the lobby was not found".into()),
    }
}

/// The world goes on while there is no process.
fn lie_still(run: &mut Universe) -> Result<(), Broken> {
    loop {
        match run.next()? {
            Some(Happening::Reboots) => return Ok(()),
            Some(Happening::Arrives(id)) => run.arrives(id)?,
            Some(Happening::Something) => {
                people::act(&mut run.server, &mut run.random, run.clock, &mut run.trace)?;
                go_on(run);
            }
            Some(other) => befalls(run, &other)?,
            None => {}
        }
        run.flush();
    }
}

/// One life of the process.
fn live(run: &mut Universe, process: &mut Process<'_>) -> Result<Exit, Broken> {
    let mut leaving = false;
    run.look_at(run.clock);
    loop {
        let looks = match run.next()? {
            Some(Happening::Arrives(id)) => {
                run.arrives(id)?;
                false
            }
            Some(Happening::Hears(id, word)) => {
                let (owner, ticket) = (run.transits[id].owner, run.transits[id].ticket);
                if run.transits[id].life == run.life && !run.transits[id].is_dead {
                    run.close(id);
                    if let Some(reply) = run.astray(id, &word) {
                        process.mishear(run, ticket, &reply)?;
                    }
                    process.hear(run, owner, ticket, *word)?;
                }
                true
            }
            Some(Happening::GivesUp(id)) => {
                let (owner, ticket) = (run.transits[id].owner, run.transits[id].ticket);
                if run.transits[id].life == run.life && run.close(id) {
                    process.hear(run, owner, ticket, network::timed_out())?;
                }
                true
            }
            Some(Happening::Looks) => true,
            Some(it @ (Happening::Something | Happening::Calm)) if run.is_suspended().is_some() => {
                // The storm lasts until the machine is awake.
                let awake = run.is_suspended().unwrap_or_default() + Duration::from_millis(1);
                run.at(awake, it);
                false
            }
            Some(Happening::Something) if run.stormy => {
                if something(run, process)? == Life::Died {
                    return Ok(Exit::Died);
                }
                go_on(run);
                true
            }
            Some(other) => {
                befalls(run, &other)?;
                true
            }
            None => false,
        };
        run.flush();
        if looks && process.look(run)? == Life::Died {
            return Ok(Exit::Died);
        }
        if !run.stormy && calm(run, process, &mut leaving)? {
            return Ok(Exit::Finished);
        }
    }
}

/// Something else happens later, as long as the storm lasts.
fn go_on(run: &mut Universe) {
    if run.stormy {
        let pause = run.random.millis(1..=run.plan.pause);
        run.after(pause, Happening::Something);
    }
}

/// What happens to the world by itself.
fn befalls(run: &mut Universe, happening: &Happening) -> Result<(), Broken> {
    match happening {
        Happening::OutageEnds => run.outage = false,
        Happening::KeyReturns => admit(run, true),
        Happening::BotReturns(tid) => people::ban(&mut run.server, run.clock, tid, false)?,
        Happening::Calm => {
            run.note(|| "the storm is over".into());
            (run.stormy, run.outage, run.plan.lasts) = (false, false, run.clock);
            run.server.world.set_rate_limit(None);
            admit(run, true);
            for tid in [org::LOBBY, org::NOTICES] {
                people::ban(&mut run.server, run.clock, tid, false)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Makes the bot's key good, or revokes it.
fn admit(run: &mut Universe, good: bool) {
    let key = run.server.world.bot_key();
    run.server.world.set_key_revoked(&key.app_id, !good);
    run.server.stir();
}

fn something(run: &mut Universe, process: &mut Process<'_>) -> Result<Life, Broken> {
    if run.random.chance(run.plan.upheaval) {
        return upheaval(run, process);
    }
    if run.random.chance(run.plan.chore) {
        chore(run, process);
        return Ok(Life::GoesOn);
    }
    people::act(&mut run.server, &mut run.random, run.clock, &mut run.trace)?;
    Ok(Life::GoesOn)
}

fn chore(run: &mut Universe, process: &mut Process<'_>) {
    let tid = *run.random.pick(&[org::LOBBY, org::NOTICES]);
    let task = match run.random.below(11) {
        0..=2 => {
            run.disk.outbox.push(Letter { tid, state: Post::UnderWay });
            Task::Letter(run.disk.outbox.len() - 1)
        }
        3 | 4 => {
            run.disk.loose += 1;
            Task::Loose(run.disk.loose)
        }
        5 => Task::Share(tid, run.server.truth.new_place()),
        6 => Task::Move(run.server.truth.new_place()),
        7 => Task::StopSharing(tid),
        8 | 9 => {
            run.disk.titles += 1;
            Task::Title(run.disk.titles)
        }
        _ => Task::Admin(run.random.chance(500)),
    };
    process.begin_chore(run, task, tid);
}

fn upheaval(run: &mut Universe, process: &mut Process<'_>) -> Result<Life, Broken> {
    run.upheavals += 4;
    let now = run.server.now(run.clock);
    let length = run.random.millis(500..=20_000);
    let which = run.random.below(13);
    run.note(|| {
        let what = [
            "all leases run out",
            "all cursors run out",
            "all subscriptions are deleted",
            "the key is revoked",
            "the bot is removed from a chat",
            "an outage begins",
            "the clock of the day is set",
            "a feed is stopped",
            "the process is killed",
            "the executor loses its connections",
            "the machine is suspended",
            "the bot posts many messages at once",
            "the user follows again",
        ];
        usize::try_from(which).map_or(String::new(), |at| what[at].into())
    });
    run.server.stir();
    match which {
        0 => run.server.world.expire_leases(now),
        1 => run.server.world.expire_cursors(),
        2 => run.server.world.unsubscribe_all(now),
        3 => {
            admit(run, false);
            run.after(length, Happening::KeyReturns);
        }
        4 => {
            let tid = *run.random.pick(&[org::LOBBY, org::NOTICES]);
            people::ban(&mut run.server, run.clock, tid, true)?;
            run.after(length, Happening::BotReturns(tid));
        }
        5 => {
            run.outage = true;
            run.after(length * 2, Happening::OutageEnds);
        }
        6 => {
            let seconds = i64::try_from(run.random.within(0..=172_800)).unwrap_or_default() - 86_400;
            run.skew = TimeDelta::seconds(seconds);
        }
        7 => {
            let key = usize::try_from(run.random.below(process.watches.len() as u64)).unwrap_or_default();
            process.stop(run, key);
        }
        8 => return Ok(Life::Died),
        9 => {
            let life = run.life;
            run.give_up(|transit| transit.life == life);
            process.reissue();
        }
        10 => {
            let length = *run.random.pick(&[3, 60, 600, 2_000]);
            run.suspend(Duration::from_secs(length));
        }
        11 => {
            for _ in 0..run.random.within(10..=40) {
                run.disk.loose += 1;
                process.begin_chore(run, Task::Loose(run.disk.loose), org::LOBBY);
            }
        }
        _ => follow_again(run, process)?,
    }
    Ok(Life::GoesOn)
}

fn follow_again(run: &mut Universe, process: &mut Process<'_>) -> Result<(), Broken> {
    for key in 0..process.watches.len() {
        if process.ended(key).is_some() {
            // What the old one was answered must not reach the new one.
            let life = run.life;
            run.give_up(|transit| transit.life == life && transit.owner == Owner::Feed(key));
            process.follow(run, key)?;
        }
    }
    Ok(())
}

/// After the storm: what has ended begins again, what is to be posted is; and when all is told, all is stopped. `true`: it is.
fn calm(run: &mut Universe, process: &mut Process<'_>, leaving: &mut bool) -> Result<bool, Broken> {
    if run.clock > run.plan.lasts.max(run.born) + PATIENCE {
        return broken("everything is told in the end", || format!("{:?}", process.watches));
    }
    if *leaving {
        return Ok(process.all_ended());
    }
    let ended = (0..process.watches.len()).any(|key| process.ended(key).is_some());
    let letters = run.disk.outbox.iter().any(|letter| letter.state == Post::ToDo);
    if ended || letters {
        follow_again(run, process)?;
        for number in 0..run.disk.outbox.len() {
            if run.disk.outbox[number].state == Post::ToDo {
                run.disk.outbox[number].state = Post::UnderWay;
                process.begin_chore(run, Task::Letter(number), run.disk.outbox[number].tid);
            }
        }
        run.look_at(run.clock);
    } else if process.is_idle() && process.watches.iter().all(|watch| watch.is_complete(&run.server.truth)) {
        *leaving = true;
        for key in 0..process.watches.len() {
            process.stop(run, key);
        }
        run.look_at(run.clock);
    }
    Ok(false)
}

/// The record and the world agree.
fn check_world(run: &mut Universe) -> Result<(), Broken> {
    run.server.pass_time(run.clock);
    let [title, given] = run.server.titles(run.clock);
    if given.is_some() && title != given {
        return broken("the simulation holds", || format!("the lobby is called {title:?}, and was given {given:?}"));
    }
    let (world, truth) = (&run.server.world, &run.server.truth);
    if world.message_count() != truth.messages || world.share_count() != truth.shares.len() {
        return broken("the simulation holds", || {
            let there = (world.message_count(), world.share_count());
            format!("there are {there:?} messages and shares, and known {:?}", (truth.messages, truth.shares.len()))
        });
    }
    Ok(())
}
