//! One life of the bot: its feeds, its chores, and the user's code around them.

use std::{collections::BTreeMap, time::Duration};

use teamwire_core::{
    ByHand, Chat, Client, End, Error, ErrorKind, Exchange, FeedEvent, Machine, Moment, Next, Now, Reply, Step, Ticket,
};

use super::{
    disk::Post,
    environment::{Owner, Universe},
    feed_driver::Drive,
    feed_under_test::{Complaints, Followed, Kind},
    invariants::{Ended, Watch},
    oracle::Item,
    protocol::{Ask, Word},
    scenario::Topic,
    shares::Shares,
    violation::{Broken, broken},
    workload::{Chore, Rooms, Task},
};

pub(super) struct Process<'c> {
    pub(super) client: &'c Client<ByHand>,
    rooms: &'c Rooms,
    /// Snapshots of the lobby that no chore has taken yet.
    lobbies: Vec<&'c mut Chat<ByHand>>,
    drive: Drive,
    pub(super) watches: Vec<Watch>,
    chores: BTreeMap<usize, Chore<'c>>,
    chores_begun: usize,
    complaints: Complaints,
    pub(super) shares: Shares,
    busy_until: Duration,
}

/// How a look at everything ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    GoesOn,
    Died,
}

impl<'c> Process<'c> {
    pub(super) fn new(
        client: &'c Client<ByHand>,
        rooms: &'c Rooms,
        lobbies: &'c mut [Chat<ByHand>],
        run: &mut Universe,
    ) -> Result<Self, Broken> {
        let mut process = Self {
            client,
            rooms,
            lobbies: lobbies.iter_mut().collect(),
            drive: Drive::new(run.plan.in_set),
            watches: Vec::new(),
            chores: BTreeMap::new(),
            chores_begun: 0,
            complaints: Complaints::default(),
            shares: Shares::default(),
            busy_until: Duration::ZERO,
        };
        process.restore_shares(run)?;
        for key in 0..run.plan.topics.len() {
            process.follow(run, key)?;
        }
        for letter in &mut run.disk.outbox {
            if letter.state == Post::UnderWay {
                letter.state = Post::ToDo;
            }
        }
        Ok(process)
    }

    /// Begins a feed where the disk says.
    pub(super) fn follow(&mut self, run: &mut Universe, key: usize) -> Result<(), Broken> {
        let topic = run.plan.topics[key];
        let saved = run.disk.checkpoints.get(&key);
        let checkpoint = match saved.map(|(json, _)| serde_json::from_str(json)).transpose() {
            Ok(checkpoint) => checkpoint,
            Err(why) => return broken("a checkpoint can be read again", || why.to_string()),
        };
        let follow = teamwire_core::Follow::from(checkpoint).wait(Duration::from_secs(run.plan.wait));
        let kind = match topic {
            Topic::Messages(tid) => Kind::Messages(self.client.chats().chat(tid).new_messages(follow)),
            Topic::AllMessages => Kind::Messages(self.client.chats().new_messages(follow)),
            Topic::Reactions => Kind::Reactions(self.client.chats().reaction_updates(follow)),
            Topic::Locations(tid) => Kind::Locations(self.client.chats().chat(tid).live_locations(follow)),
        };
        let watch = Watch::new(topic, run.plan.hides_deleted, saved.map(|(_, at)| *at));
        run.note(|| format!("follows {topic:?} from {:?}", saved_place(&watch)));
        self.drive.insert(key, Followed::new(kind, self.complaints.clone()));
        if key < self.watches.len() {
            self.watches[key] = watch;
        } else {
            self.watches.push(watch);
        }
        Ok(())
    }

    pub(super) fn now(&self, run: &Universe) -> Now {
        run.given_now()
    }

    /// Asks everything that may have something to say.
    pub(super) fn look(&mut self, run: &mut Universe) -> Result<Life, Broken> {
        if let Some(until) = run.is_suspended() {
            run.look_at(until);
            return Ok(Life::GoesOn);
        }
        if run.clock < self.busy_until {
            run.look_at(self.busy_until);
            return Ok(Life::GoesOn);
        }
        let now = self.now(run);
        self.client.executor().set_now(now);
        loop {
            run.steps()?;
            let turn = self.drive.next(now);
            self.complaints.check()?;
            match turn {
                Next::Step(key, step) => {
                    if self.step(run, now, key, step)? == Life::Died {
                        return Ok(Life::Died);
                    }
                    if run.clock < self.busy_until {
                        run.look_at(self.busy_until);
                        return Ok(Life::GoesOn);
                    }
                }
                Next::Sleep(until) if until <= now.moment => {
                    return broken("no wait is in the past", || format!("the set sleeps until {until:?} at {now:?}"));
                }
                Next::Sleep(until) => {
                    run.look_at(run.time_of(until));
                    break;
                }
                Next::Wait | Next::Empty => break,
            }
        }
        self.do_chores(run, now)?;
        if let Some(due) = self.chores.values().filter_map(|chore| chore.due).min() {
            run.look_at(run.time_of(due));
        }
        self.check_shares(run)?;
        Ok(Life::GoesOn)
    }

    fn step(
        &mut self,
        run: &mut Universe,
        now: Now,
        key: usize,
        step: Step<FeedEvent<Item>, Result<End, Error>>,
    ) -> Result<Life, Broken> {
        let topic = self.watches[key].topic;
        match step {
            Step::Send(ticket, exchange) => {
                let ask = Ask::of(&exchange.request);
                run.note(|| format!("{topic:?} sends {ask:?} as {ticket:?}"));
                self.watches[key].sends(now, ticket, &ask, &run.server.truth, run.happened())?;
                run.send(Owner::Feed(key), ticket, ask, *exchange);
            }
            Step::Event(event) => return self.event(run, now, key, event),
            Step::Done(result) => {
                run.note(|| format!("{topic:?} ends: {result:?}"));
                self.watches[key].ends(result, &run.server.truth)?;
            }
            Step::Sleep(_) | Step::File(..) => {
                return broken("a set hands out no sleep, and a feed no file", || format!("{step:?}"));
            }
        }
        Ok(Life::GoesOn)
    }

    /// The user handles an event, and saves its checkpoint, or dies before or after that.
    fn event(&mut self, run: &mut Universe, now: Now, key: usize, event: FeedEvent<Item>) -> Result<Life, Broken> {
        let watch = &mut self.watches[key];
        run.note(|| format!("{:?} delivers {}", watch.topic, in_words(&event)));
        let saved = watch.tells(now, event, &run.server.truth)?;
        let dies = run.is_stormy() && run.random.chance(run.plan.dies);
        if dies && run.random.chance(500) {
            return Ok(Life::Died);
        }
        if let Some((checkpoint, at)) = saved
            && (!run.is_stormy() || run.random.chance(run.plan.saves))
        {
            let json = serde_json::to_string(&checkpoint).expect("a checkpoint can be written");
            run.disk.checkpoints.insert(key, (json, at));
        }
        if run.is_stormy() && run.random.chance(run.plan.stops) {
            self.stop(run, key);
        }
        if run.is_stormy() && run.random.chance(run.plan.dawdles) {
            self.busy_until = run.clock + run.random.millis(10..=8_000);
        }
        Ok(if dies { Life::Died } else { Life::GoesOn })
    }

    /// Hands over a reply; `true`: somebody awaits it.
    pub(super) fn hear(&mut self, run: &mut Universe, owner: Owner, ticket: Ticket, word: Word) -> Result<(), Broken> {
        let now = self.now(run);
        self.client.executor().set_now(now);
        match owner {
            Owner::Feed(key) => {
                let awaited = self.watches[key].awaits(ticket);
                run.note(|| {
                    let how = if awaited { "hears" } else { "is told in vain" };
                    format!("{:?} {how} {:?} for {ticket:?}", self.watches[key].topic, word.heard)
                });
                if awaited {
                    self.watches[key].hears(word.heard);
                }
                self.drive.handle(now, key, ticket, word.reply, awaited);
                self.complaints.check()
            }
            Owner::Chore(key) => {
                let Some(chore) = self.chores.get_mut(&key) else { return Ok(()) };
                run.note(|| format!("{:?} hears {:?}", chore.task, word.heard));
                if chore.awaited == Some(ticket) {
                    (chore.awaited, chore.due) = (None, Some(Moment::EPOCH));
                    chore.hears(&word);
                }
                chore.flow.handle(now, ticket, word.reply);
                Ok(())
            }
        }
    }

    /// Hands somebody's reply to somebody else.
    pub(super) fn mishear(&mut self, run: &mut Universe, ticket: Ticket, reply: &Reply) -> Result<(), Broken> {
        let now = self.now(run);
        for key in 0..self.watches.len() {
            if !self.watches[key].awaits(ticket) {
                self.drive.handle(now, key, ticket, reply.clone(), false);
                self.complaints.check()?;
            }
        }
        for chore in self.chores.values_mut().filter(|chore| chore.awaited != Some(ticket)) {
            chore.flow.handle(now, ticket, reply.clone());
        }
        Ok(())
    }

    /// Stops a feed, and gives up what is under way of it; but not its farewell, if it was stopped before.
    pub(super) fn stop(&mut self, run: &mut Universe, key: usize) {
        let now = self.now(run);
        if self.watches[key].is_stopped() {
            self.drive.stop_again(now, key);
            return;
        }
        run.stops(key);
        if self.watches[key].ended.is_none() {
            self.watches[key].stops();
        }
        self.drive.stop(now, key);
    }

    /// All replies that are awaited are lost on this side.
    pub(super) fn reissue(&mut self) {
        self.watches.iter_mut().for_each(Watch::reissues);
        self.drive.reissue();
        self.chores.values_mut().for_each(Chore::reissues);
    }

    pub(super) fn begin_chore(&mut self, run: &mut Universe, task: Task, tid: &'static str) {
        // Whoever begins a share and ends it in one breath cannot know what comes of it. Moving it is harmless.
        let moves = matches!(task, Task::Move(_));
        let in_the_way =
            |chore: &Chore<'_>| chore.task.is_about_shares() && matches!(chore.task, Task::Move(_)) == moves;
        if task.is_about_shares() && self.chores.values().any(in_the_way) {
            return;
        }
        run.note(|| format!("the bot begins {task:?}"));
        let lobby = if task.changes_chat() { self.lobbies.pop() } else { None };
        let Some(chore) = Chore::new(self.client, self.rooms, lobby, task, tid) else { return };
        let chore = chore.knowing(&self.shares).once(run.plan.tries_once);
        self.chores.insert(self.chores_begun, chore);
        self.chores_begun += 1;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.chores.is_empty()
    }

    pub(super) fn all_ended(&self) -> bool {
        self.watches.iter().all(|watch| watch.ended.is_some())
    }

    fn do_chores(&mut self, run: &mut Universe, now: Now) -> Result<(), Broken> {
        let due = |chore: &Chore<'_>| chore.due.is_some_and(|due| due <= now.moment);
        let due: Vec<usize> = self.chores.iter().filter(|(_, chore)| due(chore)).map(|(key, _)| *key).collect();
        for key in due {
            let Some(chore) = self.chores.get_mut(&key) else { continue };
            run.steps()?;
            match chore.flow.poll(now) {
                Step::Send(ticket, exchange) => {
                    chore.sends(ticket, key_of(&exchange))?;
                    run.note(|| format!("{:?} is sent as {ticket:?}", chore.task));
                    run.send(Owner::Chore(key), ticket, Ask::Other, *exchange);
                }
                Step::Sleep(until) => chore.sleeps(now, until)?,
                Step::Done(result) => {
                    if let Some(chore) = self.chores.remove(&key) {
                        if result.is_ok() {
                            run.done.insert((run.life, key));
                        }
                        self.chore_ended(run, &chore, &result)?;
                    }
                }
                Step::File(..) => return broken("the simulation holds", || "a chore asks for a file".into()),
                Step::Event(never) => match never {},
            }
        }
        Ok(())
    }

    fn chore_ended(&mut self, run: &mut Universe, chore: &Chore<'_>, result: &Result<(), Error>) -> Result<(), Broken> {
        run.note(|| format!("{:?} ended: {result:?}", chore.task));
        let is_shown = chore.task.text().is_none_or(|text| run.server.shows(&text));
        // On a good day, a server that has a limit lets everything through, one after the other.
        let is_good_day = run.plan.bad == 0 && !run.plan.tries_once;
        if let Err(error) = result
            && is_good_day
            && matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Server)
        {
            return broken("nothing is lost to a limit", || format!("{:?}: {error:?}", chore.task));
        }
        let first = matches!(chore.task, Task::Loose(_) | Task::Share(..));
        chore.ends(result, first, is_shown)?;
        if let Task::Letter(number) = chore.task {
            // What was refused is tried again when its reason may be gone.
            let again = result.is_err();
            run.disk.outbox[number].state = if again { Post::ToDo } else { Post::Done };
        }
        self.note_shares(run, chore, result);
        Ok(())
    }

    pub(super) fn ended(&self, key: usize) -> Option<Ended> {
        self.watches[key].ended
    }
}

fn key_of(exchange: &Exchange) -> Option<&str> {
    exchange.request.headers().get("idempotency-key").and_then(|key| key.to_str().ok())
}

const fn saved_place(watch: &Watch) -> usize {
    watch.position
}

fn in_words(event: &FeedEvent<Item>) -> String {
    match event {
        FeedEvent::Started(_) => "that it began".into(),
        FeedEvent::Quiet(_) => "that nothing has happened for a while".into(),
        FeedEvent::Missed(_) => "that it missed something".into(),
        FeedEvent::Update { item, .. } => format!("{item:?}"),
        FeedEvent::Unread { item, .. } => format!("something that it could not read: {}", item.reason),
        FeedEvent::Trouble(trouble) => format!("trouble: {}; again at {:?}", trouble.cause, trouble.next_try),
        _ => "something new".into(),
    }
}
