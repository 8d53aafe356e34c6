//! Benchmarks the store in this process, without HTTP: reads among 10,000 and 100,000 groups, single and concurrent
//! writes, and token authentication. Uses the library's public functions on real files with synced commits.
//!
//! `cargo bench --locked --bench store` runs all benchmarks in under three minutes, and compares them with the previous
//! run; `cargo bench --locked --bench store -- write/create` runs those whose name contains `write/create`.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails ends here")]

use std::cell::LazyCell;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use futures_util::future::{join, join_all};
use groups_server::maintenance::import;
use groups_server::store::Error;
use groups_server::store::accounts::{self, Account};
use groups_server::store::groups::{self, Filter};
use groups_server::store::import::Existing;
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session, Store, Tx, members, messages};
use groups_server::types::contact::{ContactRef, NamedContact};
use groups_server::types::group::{GroupChanges, NewGroup};
use groups_server::types::id::Id;
use groups_server::types::message::NewMessage;
use groups_server::types::page::{Cursor, Page};
use groups_server::types::search_terms::SearchTerms;
use groups_server::types::text::{Description, MessageText, Name};
use groups_server::types::time::Timestamp;
use groups_server::types::token::Token;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How many groups the databases have that are read.
const SIZES: [usize; 2] = [10_000, 100_000];

/// How many groups the databases have that are written, or that authenticate tokens.
const SIZE: usize = 10_000;

/// How many writes are queued at once.
const BATCHES: [usize; 3] = [1, 8, 64];

const CONTACTS: usize = 1_000;
const MEMBERS: usize = 4;
const TOKENS: usize = 100;

const MAX_MEMBERS: usize = 1_000;

/// How many different topics descriptions have.
const TOPICS: usize = 100;

/// Reads like a request.
fn read<T, F>(db: &Database, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
{
    db.store.read(work).unwrap()
}

/// Reads like a search request: on a thread of its own.
fn read_long<T, F>(db: &Database, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
{
    let reading = db.store.begin_read().unwrap();
    db.runtime.block_on(db.store.read_long_if(true, reading, work)).unwrap()
}

/// Commits `writes` as one transaction. Returns their results and how long they took, from when the writer could start
/// with the first until the last result arrived.
fn write<T, F>(db: &Database, writes: Vec<F>) -> (Vec<T>, Duration)
where
    T: Send + 'static,
    F: Fn(&Tx) -> Result<T, Error> + Send + 'static,
{
    let (store, account) = (&db.store, db.account);
    let (hold, held) = channel();
    let (release, released) = channel::<()>();
    // The writer takes everything that is queued at once, so this write blocks it until all others are queued. The
    // blocking write changes nothing, so its own commit does not reach the disk.
    let blocker = store.write(move |_| {
        hold.send(()).unwrap();
        released.recv().unwrap_err();
        Ok::<_, Error>(())
    });
    let rest = async move {
        held.recv().unwrap();
        let queued = join_all(
            writes
                .into_iter()
                .map(|work| store.write(move |transaction| work(&Tx::new(transaction, account, Timestamp::now())))),
        );
        let start = async move {
            let start = Instant::now();
            drop(release);
            start
        };
        // `join` polls its first future first, which queues the writes.
        let (done, start) = join(queued, start).await;
        (done, start.elapsed())
    };
    let (_, (done, took)) = db.runtime.block_on(join(blocker, rest));
    (done.into_iter().map(Result::unwrap).collect(), took)
}

fn create(db: &Database, new: Vec<NewGroup>) -> (Vec<Id>, Duration) {
    let work = |new| move |tx: &Tx| groups::create(tx, &new, MAX_MEMBERS).map(|(id, _)| id);
    write(db, new.into_iter().map(work).collect())
}

/// A database with the groups of one account, and what is in it.
struct Database {
    store: Store,
    runtime: Runtime,
    account: Account,
    contacts: Vec<Id>,
    /// Oldest first.
    groups: Vec<Group>,
    tokens: Vec<Token>,
    _folder: TempDir,
}

struct Group {
    id: Id,
    conversation: Id,
    members: [usize; MEMBERS],
}

impl Database {
    fn of(size: usize) -> Self {
        // In the target folder, because /tmp may not be on a disk.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = folder.path().join("groups.db");
        let mut random = Random::new();
        let contacts: Vec<Id> = (0..CONTACTS).map(|_| Id::random()).collect();
        let new_group = |_| Group {
            id: Id::random(),
            conversation: Id::random(),
            members: random.members(),
        };
        let groups: Vec<Group> = (0..size).map(new_group).collect();
        let (account, tokens) = fill(&path, &contacts, &groups);
        Database {
            store: Store::open(&path, 2).unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            account,
            contacts,
            groups,
            tokens,
            _folder: folder,
        }
    }

    fn new_group(&self, random: &mut Random) -> NewGroup {
        let named = |(at, contact): (usize, usize)| NamedContact {
            path: format!("contacts[{at}]"),
            contact: ContactRef::Id(self.contacts[contact]),
        };
        NewGroup {
            name: Name::parse("A new group".to_owned()).unwrap(),
            description: Some(Description::parse(description(random)).unwrap()),
            avatar_url: None,
            contacts: random.members().into_iter().enumerate().map(named).collect(),
        }
    }

    fn new_groups(&self, random: &mut Random, count: usize) -> Vec<NewGroup> {
        (0..count).map(|_| self.new_group(random)).collect()
    }
}

/// Creates the database with these objects and some tokens.
fn fill(path: &Path, contacts: &[Id], groups: &[Group]) -> (Account, Vec<Token>) {
    let mut random = Random::new();
    let mut lines = String::new();
    for (n, id) in contacts.iter().enumerate() {
        let names = format!("\"username\":\"user{n}\",\"display_name\":\"User Number {n}\"");
        writeln!(lines, "{{\"kind\":\"contact\",\"id\":\"{id}\",{names}}}").unwrap();
    }
    for (n, group) in groups.iter().enumerate() {
        let members = group.members.map(|member| contacts[member].to_string());
        writeln!(
            lines,
            "{{\"kind\":\"group\",\"id\":\"{}\",\"name\":\"Group {n}\",\"description\":\"{}\",\
             \"avatar_url\":\"https://img.example.com/{n}.png\",\"conversation_id\":\"{}\",\"contacts\":{members:?}}}",
            group.id,
            description(&mut random),
            group.conversation,
        )
        .unwrap();
    }
    let mut session = Session::open(path, Missing::Create).unwrap();
    import::import(
        &mut session,
        accounts::DEFAULT,
        &mut lines.as_bytes(),
        Existing::Refuse,
        |_| {},
    )
    .unwrap();
    let created = session.write(|tx| {
        let new = NewToken::full(accounts::DEFAULT);
        let tokens = (0..TOKENS).map(|_| tokens::create(tx, &new).map(|(_, token)| token));
        let tokens = tokens.collect::<Result<_, Error>>()?;
        Ok::<_, Error>((accounts::find_or_create(tx, accounts::DEFAULT)?, tokens))
    });
    created.unwrap()
}

fn topic(random: &mut Random) -> String {
    format!("topic{:02}", random.below(TOPICS))
}

fn description(random: &mut Random) -> String {
    format!("Seeded to be measured, about {} and {}", topic(random), Id::random())
}

/// A xorshift generator that yields the same numbers in every run.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Random(0x9e37_79b9_7f4a_7c15)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// The indexes of distinct contacts.
    fn members(&mut self) -> [usize; MEMBERS] {
        let first = self.below(CONTACTS);
        std::array::from_fn(|n| (first + n * CONTACTS / MEMBERS) % CONTACTS)
    }
}

fn reads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        // Created only if a selected benchmark needs it.
        let db = LazyCell::new(|| Database::of(size));
        let mut random = Random::new();

        group.bench_function(BenchmarkId::new("retrieve", size), |bencher| {
            let (db, account): (&Database, _) = (&db, db.account);
            bencher.iter(|| {
                let id = random.one_of(&db.groups).id;
                read(db, move |conn| groups::retrieve(conn, account, id))
            });
        });
        let mut list = |name, cursor: fn(&Database) -> Cursor| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let (db, account): (&Database, _) = (&db, db.account);
                let page = page(cursor(db));
                bencher.iter(|| read(db, move |conn| groups::list(conn, account, &page, &Filter::default())));
            });
        };
        list("first_page", |_| Cursor::First);
        // At 90% of the list's length.
        list("deep_page", |db| Cursor::After(db.groups[db.groups.len() / 10].id));
        group.bench_function(BenchmarkId::new("members", size), |bencher| {
            let (db, account): (&Database, _) = (&db, db.account);
            bencher.iter(|| {
                let id = random.one_of(&db.groups).id;
                read(db, move |conn| members::list(conn, account, id, &page(Cursor::First)))
            });
        });
        let mut search = |name, word: fn(&mut Random) -> String| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let (db, account): (&Database, _) = (&db, db.account);
                bencher.iter(|| {
                    let filter = Filter {
                        terms: Some(SearchTerms::parse(&word(&mut random)).unwrap()),
                        ..Filter::default()
                    };
                    read_long(db, move |conn| {
                        groups::list(conn, account, &page(Cursor::First), &filter)
                    })
                });
            });
        };
        search("search_one_in_100", topic);
        search("search_all", |_| "seeded".to_owned());
    }
}

fn page(cursor: Cursor) -> Page {
    Page { limit: 10, cursor }
}

fn writes(criterion: &mut Criterion) {
    let db = LazyCell::new(|| Database::of(SIZE));
    let mut random = Random::new();
    let mut group = criterion.benchmark_group("write");
    group.sampling_mode(SamplingMode::Flat);
    // Sums the durations that `time` returns for each batch of writes.
    let mut measure = |name, time: fn(&Database, &mut Random, usize) -> Duration| {
        for batch in BATCHES {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(name, batch), |bencher| {
                let db: &Database = &db;
                bencher.iter_custom(|times| (0..times).map(|_| time(db, &mut random, batch)).sum());
            });
        }
    };

    measure("create", |db, random, batch| create(db, db.new_groups(random, batch)).1);
    measure("update", |db, random, batch| {
        let mut update = || {
            let id = random.one_of(&db.groups).id;
            let changes = GroupChanges {
                description: Some(Some(Description::parse(description(random)).unwrap())),
                ..GroupChanges::default()
            };
            move |tx: &Tx| groups::update(tx, id, &changes, MAX_MEMBERS)
        };
        write(db, (0..batch).map(|_| update()).collect()).1
    });
    measure("send", |db, random, batch| {
        let mut send = || {
            let group = random.one_of(&db.groups);
            let words: Vec<String> = (0..10).map(|_| topic(random)).collect();
            let new = NewMessage {
                conversation_id: group.conversation,
                message: MessageText::parse(words.join(" ")).unwrap(),
                contact_id: Some(db.contacts[group.members[0]]),
            };
            move |tx: &Tx| messages::create(tx, &new)
        };
        write(db, (0..batch).map(|_| send()).collect()).1
    });
    measure("delete", |db, random, batch| {
        let (created, _) = create(db, db.new_groups(random, batch));
        let delete = |id| move |tx: &Tx| groups::delete(tx, id);
        write(db, created.into_iter().map(delete).collect()).1
    });
}

fn tokens(criterion: &mut Criterion) {
    let db = LazyCell::new(|| Database::of(SIZE));
    let mut random = Random::new();
    let mut group = criterion.benchmark_group("token");
    group.throughput(Throughput::Elements(1));

    group.bench_function("hash", |bencher| {
        let token = Token::random();
        bencher.iter(|| black_box(&token).hash());
    });
    group.bench_function("check", |bencher| {
        let db: &Database = &db;
        bencher.iter(|| {
            let hash = random.one_of(&db.tokens).hash();
            read(db, move |conn| tokens::authenticate(conn, &hash)).unwrap()
        });
    });
}

criterion_group! {
    name = store;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30)
        .nresamples(10_000);
    targets = reads, writes, tokens
}
criterion_main!(store);
