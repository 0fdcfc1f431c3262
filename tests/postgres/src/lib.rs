//! A [`ClaimStore`] in `PostgreSQL`, as an example of the trait: a checkpoint can be saved in the transaction
//! that changes the bot's own rows, so that each event changes them exactly once. The bot `tickets` does that.
//!
//! The rules of one record are those of [`FeedRecord`] and [`MemberRecord`]. The store reads a record, locks its row,
//! and writes it back in the same transaction. Feeds are locked in the order of their names, so that no two calls wait
//! for each other.

use std::{collections::BTreeMap, error::Error, fmt, time::Duration};

use postgres::{Client, Config, NoTls, Transaction};
use teamwire_blocking::fleet::{
    ClaimRequest, ClaimStore, Claimed, FeedRecord, Member, MemberRecord, Release, Save, Saved, StoreError, View,
};

/// An error of the database, or of a record that cannot be decoded.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Maximum time of a statement, of the wait for the next one, and of a response: well below a third of the lease. The
/// locks of a process that is stopped in a transaction end with it.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Each statement has to see what others have committed while it waited for their locks. The default of a database can
/// be another isolation.
const ISOLATION: &str = r"-c default_transaction_isolation=read\ committed";

const SCHEMA: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(hashtext('teamwire'));
    CREATE TABLE IF NOT EXISTS teamwire_members (fleet text, id text, record jsonb NOT NULL, PRIMARY KEY (fleet, id));
    CREATE TABLE IF NOT EXISTS teamwire_feeds (fleet text, feed text, record jsonb NOT NULL, PRIMARY KEY (fleet, feed));
    COMMIT;
";

/// Connects to a database, with the timeouts and the isolation of a store.
///
/// # Errors
///
/// Those of [`Config::connect`].
pub fn connect(config: &Config) -> Result<Client, postgres::Error> {
    let mut config = config.clone();
    let millis = TIMEOUT.as_millis();
    config
        .connect_timeout(TIMEOUT)
        .tcp_user_timeout(TIMEOUT)
        .options(&format!("-c statement_timeout={millis} -c idle_in_transaction_session_timeout={millis} {ISOLATION}"));
    config.connect(NoTls)
}

/// Saves checkpoints in a transaction, such as that of the bot's own rows. It has to be rolled back if a result is
/// [`Saved::Lost`].
///
/// # Errors
///
/// Those of the database, and of records that cannot be decoded.
pub fn save(transaction: &mut Transaction<'_>, fleet: &str, saves: &[Save]) -> Result<Vec<Saved>, Failure> {
    let mut feeds = lock_feeds(transaction, fleet, saves.iter().map(|save| &*save.claim.feed))?;
    let save = |save: &Save| feeds.get_mut(&save.claim.feed).map_or(Saved::Lost, |record| record.save(save));
    let saved = saves.iter().map(save).collect();
    write_feeds(transaction, fleet, &feeds)?;
    Ok(saved)
}

/// A store in a `PostgreSQL` database. It connects with the first call, and again after an error.
pub struct PostgresStore {
    config: Config,
    client: Option<Client>,
}

impl PostgresStore {
    /// Creates a store in this database, whose tables are created with the first call.
    pub const fn new(config: Config) -> Self {
        Self { config, client: None }
    }

    fn transact<T>(&mut self, work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Failure>) -> Result<T, StoreError> {
        let attempt = || {
            let mut client = if let Some(client) = self.client.take() {
                client
            } else {
                let mut client = connect(&self.config)?;
                client.batch_execute(SCHEMA)?;
                client
            };
            let mut transaction = client.transaction()?;
            let result = work(&mut transaction)?;
            transaction.commit()?;
            self.client = Some(client);
            Ok(result)
        };
        attempt().map_err(store_error)
    }
}

impl ClaimStore for PostgresStore {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        self.transact(|transaction| {
            let (now, mut records) = lock_members(transaction, &member.fleet)?;
            let newest = records.values().map(MemberRecord::joined).max().unwrap_or_default();
            let record = MemberRecord::renew(records.get(&member.id).copied(), member, now, newest);
            records.insert(member.id.clone(), record);
            let is_active = |(_, record): &(String, MemberRecord)| record.is_active(now);
            let (active, dead): (Vec<_>, Vec<_>) = records.into_iter().partition(is_active);
            for (id, _) in dead {
                remove_member(transaction, &member.fleet, &id)?;
            }
            for (id, record) in &active {
                let upsert = "INSERT INTO teamwire_members VALUES ($1, $2, $3::text::jsonb)
                    ON CONFLICT (fleet, id) DO UPDATE SET record = excluded.record";
                transaction.execute(upsert, &[&member.fleet, id, &serde_json::to_string(record)?])?;
            }
            let mut members: Vec<_> = active.into_iter().map(|(id, record)| (record.joined(), id)).collect();
            members.sort();
            Ok(View { members: members.into_iter().map(|(_, id)| id).collect(), joined: record.joined() })
        })
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        self.transact(|transaction| {
            let (now, members) = lock_members(transaction, &member.fleet)?;
            let mut feeds = lock_feeds(transaction, &member.fleet, wanted.iter().map(|wanted| &*wanted.feed))?;
            let (mut claimed, mut granted) = (Vec::new(), BTreeMap::new());
            for wanted in wanted {
                let record = feeds.entry(wanted.feed.clone()).or_default();
                let is_active = |holder: &str| members.get(holder).is_some_and(|record| record.is_active(now));
                let (is_active, fence) = (record.holder().is_some_and(is_active), record.fence());
                claimed.extend(record.claim(member, wanted, now, is_active, granted.len() < at_most));
                if record.fence() != fence {
                    granted.insert(wanted.feed.clone(), record.clone());
                }
            }
            write_feeds(transaction, &member.fleet, &granted)?;
            Ok(claimed)
        })
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        self.transact(|transaction| save(transaction, &member.fleet, saves))
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        self.transact(|transaction| {
            let names = releases.iter().map(|release| &*release.claim.feed);
            let mut feeds = lock_feeds(transaction, &member.fleet, names)?;
            for release in releases {
                if let Some(record) = feeds.get_mut(&release.claim.feed) {
                    record.release(release);
                }
            }
            write_feeds(transaction, &member.fleet, &feeds)
        })
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        self.transact(|transaction| {
            lock_members(transaction, &member.fleet)?;
            remove_member(transaction, &member.fleet, &member.id)
        })
    }
}

/// Returns the time and the members. Until the end of the transaction, no other call has them: a renewal and a claim at
/// the same time could disagree about the end of a lease.
fn lock_members(
    transaction: &mut Transaction<'_>,
    fleet: &str,
) -> Result<(u64, BTreeMap<String, MemberRecord>), Failure> {
    transaction.execute("SELECT pg_advisory_xact_lock(hashtext('teamwire'), hashtext($1))", &[&fleet])?;
    let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let now = u64::try_from(transaction.query_one(now, &[])?.get::<_, i64>(0))?;
    let mut members = BTreeMap::new();
    for row in transaction.query("SELECT id, record::text FROM teamwire_members WHERE fleet = $1", &[&fleet])? {
        let mut record: MemberRecord = serde_json::from_str(row.get(1))?;
        record.adjust(now);
        members.insert(row.get(0), record);
    }
    Ok((now, members))
}

fn remove_member(transaction: &mut Transaction<'_>, fleet: &str, id: &str) -> Result<(), Failure> {
    transaction.execute("DELETE FROM teamwire_members WHERE fleet = $1 AND id = $2", &[&fleet, &id])?;
    Ok(())
}

/// Returns the records of these feeds, as far as there are any. No other transaction can change them meanwhile.
fn lock_feeds<'a>(
    transaction: &mut Transaction<'_>,
    fleet: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, FeedRecord>, Failure> {
    let select = "SELECT feed, record::text FROM teamwire_feeds WHERE fleet = $1 AND feed = ANY($2)
        ORDER BY feed FOR UPDATE";
    let rows = transaction.query(select, &[&fleet, &names.collect::<Vec<_>>()])?;
    rows.into_iter().map(|row| Ok((row.get(0), serde_json::from_str(row.get(1))?))).collect()
}

fn write_feeds(
    transaction: &mut Transaction<'_>,
    fleet: &str,
    feeds: &BTreeMap<String, FeedRecord>,
) -> Result<(), Failure> {
    let records = feeds.values().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    let upsert = "INSERT INTO teamwire_feeds SELECT $1, feed, record::jsonb FROM unnest($2::text[], $3::text[])
        AS changed (feed, record) ON CONFLICT (fleet, feed) DO UPDATE SET record = excluded.record";
    transaction.execute(upsert, &[&fleet, &feeds.keys().collect::<Vec<_>>(), &records])?;
    Ok(())
}

/// A login or a permission that is missing is not retried, nor a record that cannot be decoded. The errors of the
/// database do not contain the password.
fn store_error(error: Failure) -> StoreError {
    let code = error.downcast_ref::<postgres::Error>().map(|error| error.code().map(|code| code.code().to_owned()));
    let message = format!("PostgreSQL: {error}");
    match code {
        Some(Some(code)) if ["28", "3D", "42"].iter().any(|class| code.starts_with(class)) => {
            StoreError::unusable(message)
        }
        Some(_) => StoreError::unavailable(message),
        None => StoreError::unusable(message),
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("config", &self.config).finish_non_exhaustive()
    }
}
