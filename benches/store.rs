//! Measures the store in this process, below HTTP: reads among 10,000 and 100,000 groups, writes that come alone and
//! together, and the token check; through the library's public functions, on real files with synced commits.
//!
//! `cargo bench --locked --bench store` measures all, in under three minutes, and compares with the run before;
//! `cargo bench --locked --bench store -- write/create` what has this in its name.

#![expect(clippy::unwrap_used, reason = "a measurement that fails ends here")]

use std::cell::LazyCell;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use futures_util::future::{join, join_all};
use groups_server::error::Error;
use groups_server::store::accounts::{self, Account};
use groups_server::store::groups::{self, Filter};
use groups_server::store::import::Existing;
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session, Store, Tx, members, messages};
use groups_server::transfer;
use groups_server::types::contact::{ContactRef, NamedContact};
use groups_server::types::group::{GroupChanges, NewGroup};
use groups_server::types::id::Id;
use groups_server::types::message::NewMessage;
use groups_server::types::page::{Cursor, Page};
use groups_server::types::search_terms::SearchTerms;
use groups_server::types::text::{Description, MessageText, Name};
use groups_server::types::token::Token;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Sizes of the files that are read.
const SIZES: [usize; 2] = [10_000, 100_000];

/// How many groups the files that are written and that know the tokens have.
const SIZE: usize = 10_000;

/// How many writes come at once.
const BATCHES: [usize; 3] = [1, 8, 64];

const CONTACTS: usize = 1_000;
const MEMBERS: usize = 4;
const TOKENS: usize = 100;

/// The most members of a group.
const MOST: usize = 1_000;

/// A description has one of so many topics.
const TOPICS: usize = 100;

/// Reads as a request does.
fn read<T, F>(file: &File, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
{
    file.store.read(work).unwrap()
}

/// Reads as a request for a search does: on a thread of its own.
fn read_aside<T, F>(file: &File, work: F) -> T
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
{
    let reading = file.store.begin_read().unwrap();
    file.runtime
        .block_on(file.store.read_aside_if(true, reading, work))
        .unwrap()
}

/// Commits `writes` as one transaction. Answers with what they answer and how long they took, from when the writer
/// could take the first until the last was answered.
fn write<T, F>(file: &File, writes: Vec<F>) -> (Vec<T>, Duration)
where
    T: Send + 'static,
    F: Fn(&Tx) -> Result<T, Error> + Send + 'static,
{
    let store = &file.store;
    let (hold, held) = channel();
    let (release, released) = channel::<()>();
    // The writer takes what is queued when it comes back to its queue: it is held until all are. What holds it writes
    // nothing, so that its own commit does not reach the disk.
    let gate = store.write(move |_| {
        hold.send(()).unwrap();
        released.recv().unwrap_err();
        Ok(())
    });
    let rest = async move {
        held.recv().unwrap();
        let queued = join_all(writes.into_iter().map(|work| store.write(work)));
        let start = async move {
            let start = Instant::now();
            drop(release);
            start
        };
        // The first is asked first, which queues the writes.
        let (done, start) = join(queued, start).await;
        (done, start.elapsed())
    };
    let (_, (done, took)) = file.runtime.block_on(join(gate, rest));
    (done.into_iter().map(Result::unwrap).collect(), took)
}

fn create(file: &File, new: Vec<NewGroup>) -> (Vec<Id>, Duration) {
    let account = file.account;
    let work = |new| move |tx: &Tx| groups::create(tx, account, &new, MOST).map(|(id, _)| id);
    write(file, new.into_iter().map(work).collect())
}

/// A file of an account's groups that is served, and what is in it.
struct File {
    store: Store,
    runtime: Runtime,
    account: Account,
    contacts: Vec<Id>,
    /// The oldest first.
    groups: Vec<Group>,
    tokens: Vec<Token>,
    _folder: TempDir,
}

struct Group {
    id: Id,
    conversation: Id,
    members: [usize; MEMBERS],
}

impl File {
    fn of(size: usize) -> Self {
        // Beside what is built: what is below /tmp may never reach a disk.
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
        File {
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

/// Makes the file with these objects and some tokens.
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
    transfer::import(
        &mut session,
        accounts::DEFAULT,
        &mut lines.as_bytes(),
        Existing::Refuse,
        |_| {},
    )
    .unwrap();
    let made = session.write(|tx| {
        let new = NewToken::full(accounts::DEFAULT);
        let tokens = (0..TOKENS).map(|_| tokens::create(tx, &new).map(|(_, token)| token));
        let tokens = tokens.collect::<Result<_, Error>>()?;
        Ok::<_, Error>((accounts::find_or_create(tx, accounts::DEFAULT)?, tokens))
    });
    made.unwrap()
}

fn topic(random: &mut Random) -> String {
    format!("topic{:02}", random.below(TOPICS))
}

fn description(random: &mut Random) -> String {
    format!("Seeded to be measured, about {} and {}", topic(random), Id::random())
}

/// The same numbers in every run (xorshift).
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

    /// Different contacts.
    fn members(&mut self) -> [usize; MEMBERS] {
        let first = self.below(CONTACTS);
        std::array::from_fn(|n| (first + n * CONTACTS / MEMBERS) % CONTACTS)
    }
}

fn reads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        // Made when something that is to be measured needs it.
        let file = LazyCell::new(|| File::of(size));
        let mut random = Random::new();

        group.bench_function(BenchmarkId::new("retrieve", size), |bencher| {
            let (file, account): (&File, _) = (&file, file.account);
            bencher.iter(|| {
                let id = random.one_of(&file.groups).id;
                read(file, move |conn| groups::retrieve(conn, account, id))
            });
        });
        let mut list = |name, cursor: fn(&File) -> Cursor| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let (file, account): (&File, _) = (&file, file.account);
                let page = page(cursor(file));
                bencher.iter(|| read(file, move |conn| groups::list(conn, account, &page, &Filter::default())));
            });
        };
        list("first_page", |_| Cursor::First);
        // At 90 % depth.
        list("deep_page", |file| {
            Cursor::After(file.groups[file.groups.len() / 10].id)
        });
        group.bench_function(BenchmarkId::new("members", size), |bencher| {
            let (file, account): (&File, _) = (&file, file.account);
            bencher.iter(|| {
                let id = random.one_of(&file.groups).id;
                read(file, move |conn| members::list(conn, account, id, &page(Cursor::First)))
            });
        });
        let mut search = |name, word: fn(&mut Random) -> String| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let (file, account): (&File, _) = (&file, file.account);
                bencher.iter(|| {
                    let filter = Filter {
                        words: Some(SearchTerms::parse(&word(&mut random)).unwrap()),
                        ..Filter::default()
                    };
                    read_aside(file, move |conn| {
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
    let file = LazyCell::new(|| File::of(SIZE));
    let mut random = Random::new();
    let mut group = criterion.benchmark_group("write");
    group.sampling_mode(SamplingMode::Flat);
    // What `time` tells that a batch of writes took.
    let mut measure = |name, time: fn(&File, &mut Random, usize) -> Duration| {
        for batch in BATCHES {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(name, batch), |bencher| {
                let file: &File = &file;
                bencher.iter_custom(|times| (0..times).map(|_| time(file, &mut random, batch)).sum());
            });
        }
    };

    measure("create", |file, random, batch| {
        create(file, file.new_groups(random, batch)).1
    });
    measure("update", |file, random, batch| {
        let account = file.account;
        let mut update = || {
            let id = random.one_of(&file.groups).id;
            let changes = GroupChanges {
                description: Some(Some(Description::parse(description(random)).unwrap())),
                ..GroupChanges::default()
            };
            move |tx: &Tx| groups::update(tx, account, id, &changes, MOST)
        };
        write(file, (0..batch).map(|_| update()).collect()).1
    });
    measure("send", |file, random, batch| {
        let account = file.account;
        let mut send = || {
            let group = random.one_of(&file.groups);
            let words: Vec<String> = (0..10).map(|_| topic(random)).collect();
            let new = NewMessage {
                conversation_id: group.conversation,
                message: MessageText::parse(words.join(" ")).unwrap(),
                contact_id: Some(file.contacts[group.members[0]]),
            };
            move |tx: &Tx| messages::create(tx, account, &new)
        };
        write(file, (0..batch).map(|_| send()).collect()).1
    });
    measure("delete", |file, random, batch| {
        let account = file.account;
        let (made, _) = create(file, file.new_groups(random, batch));
        let delete = |id| move |tx: &Tx| groups::delete(tx, account, id);
        write(file, made.into_iter().map(delete).collect()).1
    });
}

fn tokens(criterion: &mut Criterion) {
    let file = LazyCell::new(|| File::of(SIZE));
    let mut random = Random::new();
    let mut group = criterion.benchmark_group("token");
    group.throughput(Throughput::Elements(1));

    group.bench_function("hash", |bencher| {
        let token = Token::random();
        bencher.iter(|| black_box(&token).hash());
    });
    group.bench_function("check", |bencher| {
        let file: &File = &file;
        bencher.iter(|| {
            let hash = random.one_of(&file.tokens).hash();
            read(file, move |conn| tokens::authenticate(conn, &hash)).unwrap()
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
