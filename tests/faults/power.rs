//! Power cuts: whatever part of the un-synced writes is lost, the file that is left is one between two commits, has all
//! that was acknowledged, and is served.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use fault_vfs::Event;
use groups_server::error::Error;
use groups_server::store::{Missing, Session, Store, Tx};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::disk::{Disk, Image, Loss, put};
use crate::harness::{PATIENCE, Random, Repeat, beside, faults, folder, number, seed, snapshot, turn, without_syncs};
use crate::recording::{self, CLIENTS, Note, Recording, account};

/// Images of one run.
const IMAGES: usize = 2_000;

const THREADS: usize = 2;

/// An odd number without a pattern, for a hash.
const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;

/// A state between two commits, as a caller can see it.
struct State {
    seen: Vec<String>,
    tokens: usize,
}

/// All states between two commits of a run, by what is in the pages.
type States = HashMap<u64, State>;

/// What had been acknowledged at a moment.
#[derive(Clone, Debug, Default)]
struct Acknowledged {
    /// Of each client: requests sent, requests answered.
    requests: HashMap<usize, (usize, usize)>,
    tokens: usize,
}

impl Acknowledged {
    fn note(&mut self, note: Note) {
        match note {
            Note::Sent(client) => self.requests.entry(client).or_default().0 += 1,
            Note::Acknowledged(client) => self.requests.entry(client).or_default().1 += 1,
            Note::Tokens(tokens) => self.tokens = tokens,
        }
    }

    /// Why a state cannot be what is left.
    fn refuse(&self, state: &State, recording: &Recording) -> Option<String> {
        if state.tokens < self.tokens {
            return Some(format!("{} of {} tokens are left", state.tokens, self.tokens));
        }
        for (&client, &(sent, answered)) in &self.requests {
            let seen = &recording.seen[client];
            if seen[answered..=sent].iter().all(|seen| *seen != state.seen[client]) {
                return Some(format!(
                    "client {client} had {answered} answers to {sent} requests and does not see it\n{}\nbut\n{}",
                    seen[answered], state.seen[client]
                ));
            }
        }
        None
    }
}

/// What is in a file's pages, the log's among them. Leaves both as they are.
fn pages(db: &Path, sound: bool) -> Result<u64, String> {
    let conn = Connection::open(db).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    if sound && let Some(fault) = faults(&conn) {
        return Err(fault);
    }
    let pages = conn.serialize("main").map_err(|error| error.to_string())?;
    let (words, _) = pages.as_chunks::<8>();
    let mix = |hash: u64, word: &[u8; 8]| (hash ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29);
    Ok(words.iter().fold(0, mix))
}

/// What can be seen in a file, by all its accounts.
fn see(db: &Path) -> State {
    let mut session = Session::open(db, Missing::Refuse).unwrap();
    let count = "SELECT (SELECT count(*) FROM tokens), (SELECT count(*) FROM accounts WHERE name LIKE 'account %')";
    let counts = session.read(|conn| {
        let counts = conn
            .prepare_cached(count)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<(usize, usize), Error>(counts)
    });
    let (tokens, clients) = counts.unwrap();
    let mut seen: Vec<String> = (0..clients)
        .map(|client| snapshot(&mut session, &account(client)))
        .collect();
    seen.resize(CLIENTS, String::new());
    State { seen, tokens }
}

/// The states between two commits: at each sync of a log, and where the new file is put in its place.
fn states(recording: &Recording) -> States {
    let (mut disk, mut logs, mut states) = (Disk::default(), Vec::new(), States::new());
    let mut there = false;
    for event in &recording.events {
        disk.apply(event);
        let committed = match event {
            Event::Made(file, name) if name == "groups.db-wal" => {
                logs.push(*file);
                false
            }
            Event::Renamed(..) => {
                there = true;
                true
            }
            Event::Sync(file, _) => there && logs.contains(file),
            _ => false,
        };
        if committed {
            let folder = folder();
            let _tap = without_syncs(folder.path());
            let db = folder.path().join("groups.db");
            put(&disk.whole(), folder.path());
            let pages = pages(&db, true).unwrap();
            states.entry(pages).or_insert_with(|| see(&db));
        }
    }
    states
}

/// Opens an image as a server does, and holds it against what was acknowledged.
fn check(image: &Image, states: &States, acknowledged: &Acknowledged, recording: &Recording) -> Result<(), String> {
    let folder = folder();
    let _tap = without_syncs(folder.path());
    let db = folder.path().join("groups.db");
    put(image, folder.path());
    let state = match image.contains_key("groups.db") {
        true => {
            let state = states.get(&pages(&db, false)?);
            state.ok_or("the state is none between two commits")?
        }
        false => &State {
            seen: vec![String::new(); CLIENTS],
            tokens: 0,
        },
    };
    if let Some(why) = acknowledged.refuse(state, recording) {
        return Err(why);
    }
    let store = Store::open(&db, 2).map_err(|why| format!("it is refused: {why}"))?;
    let served = see(&db);
    drop(store);
    match served.seen == state.seen && served.tokens == state.tokens {
        true => Ok(()),
        false => Err("what is served is not what was found".to_owned()),
    }
}

/// Moments to cut at, in order: any, and more of them just before a sync, when most can be lost.
fn moments(recording: &Recording, images: usize, random: &mut Random) -> Vec<usize> {
    let events = &recording.events;
    let syncs: Vec<usize> = (0..events.len())
        .filter(|&at| matches!(events[at], Event::Sync(..)))
        .collect();
    let mut moments: Vec<usize> = (0..images)
        .map(|_| match random.percent(50) {
            true => random.below(events.len() + 1),
            false => *random.pick(&syncs).expect("there are syncs"),
        })
        .collect();
    moments.sort_unstable();
    moments
}

/// Checks the images of every so many moments.
fn check_some(recording: &Recording, states: &States, moments: &[(usize, u64)]) -> Result<(), String> {
    let (mut disk, mut acknowledged, mut done) = (Disk::default(), Acknowledged::default(), 0);
    for &(moment, seed) in moments {
        for event in &recording.events[done..moment] {
            disk.apply(event);
            if let Event::Mark(mark) = event {
                acknowledged.note(recording.notes[usize::try_from(*mark).unwrap()]);
            }
        }
        done = moment;
        let mut random = Random(seed);
        let loss = Loss::random(&mut random);
        let image = disk.cut(loss, &mut random);
        check(&image, states, &acknowledged, recording).map_err(|why| {
            let kept = folder().keep();
            put(&image, &kept);
            let events = recording.events.len();
            format!(
                "cut at {moment} of {events}, {loss:?}, left in {}: {why}",
                kept.display()
            )
        })?;
    }
    Ok(())
}

fn run(seed: u64, images: usize) -> Result<(), String> {
    let recording = recording::make(seed);
    let states = states(&recording);
    let mut random = Random(seed);
    let moments = moments(&recording, images, &mut random);
    let moments: Vec<(usize, u64)> = moments.into_iter().map(|moment| (moment, random.next_u64())).collect();
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let some: Vec<_> = moments.iter().skip(thread).step_by(THREADS).copied().collect();
                let (recording, states) = (&recording, &states);
                scope.spawn(move || check_some(recording, states, &some))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    results.into_iter().collect()
}

#[test]
fn a_power_cut_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let _turn = turn();
    let images = number("GROUPS_IMAGES").unwrap_or(IMAGES);
    let seed = seed();
    for run_index in 0..images.div_ceil(IMAGES) {
        let seed = seed.wrapping_add(run_index as u64);
        let _repeat = Repeat(format!(
            "GROUPS_SEED={seed}; the clients may come in another order, though"
        ));
        run(seed, IMAGES.min(images - run_index * IMAGES)).unwrap();
    }
    println!("{images} images of what a power cut could have left, lost 0");
}

/// What a log has in its head from its beginning to the next.
fn log_salt(db: &Path) -> [u8; 8] {
    let mut salt = [0; 8];
    let log = File::open(beside(db, "-wal")).unwrap();
    // None is there, for a moment, where it was cut.
    log.read_at(&mut salt, 16).unwrap();
    salt
}

/// A log so long that its own thread moves it.
#[test]
fn what_the_thread_for_checkpoints_moves_is_synced_before_the_log_begins_anew() {
    let _turn = turn();
    const ROW: usize = 4 << 20;
    let made = folder();
    let tap = without_syncs(made.path());
    tap.record();
    let db = made.path().join("groups.db");
    let store = Store::open(&db, 2).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let write = |sql: &'static str, size: usize| {
        let insert = move |tx: &Tx| Ok(tx.execute(sql, rusqlite::params_from_iter((size > 0).then_some(size)))?);
        runtime.block_on(store.write(insert)).unwrap();
    };
    let insert = |size| write("INSERT INTO long VALUES (randomblob(?1))", size);
    write("CREATE TABLE long (x)", 0);
    let salt = log_salt(&db);
    // With the last of these rows the log has the 12,000 pages from which on the thread moves it.
    let long = 12;
    for _ in 0..long {
        insert(ROW);
    }
    let deadline = Instant::now() + PATIENCE;
    // Without a write meanwhile, so that the thread moves all of the log, up to the file's last page.
    let pages = store.read(|conn| Ok(conn.query_row("PRAGMA page_count", [], |row| row.get::<_, u64>(0))?));
    let size = 4096 * pages.unwrap();
    while std::fs::metadata(&db).unwrap().len() < size {
        assert!(Instant::now() < deadline, "the log is not moved");
        std::thread::sleep(Duration::from_millis(1));
    }
    insert(1);
    while log_salt(&db) == salt {
        assert!(Instant::now() < deadline, "the log is not begun anew");
        insert(1);
    }
    let events = tap.recorded();
    drop(store);
    let mut disk = Disk::default();
    events[..begun_anew(&events)].iter().for_each(|event| disk.apply(event));
    let seed = seed();
    let _repeat = Repeat(format!("GROUPS_SEED={seed}"));
    let mut random = Random(seed);
    for image in [disk.sure(), disk.cut(Loss::random(&mut random), &mut random)] {
        let folder = folder();
        put(&image, folder.path());
        let conn = Connection::open(folder.path().join("groups.db")).unwrap();
        assert_eq!(faults(&conn), None);
        let sql = "SELECT count(*), sum(length(x)) FROM long WHERE length(x) > 1";
        let left: (usize, usize) = conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(left, (long, long * ROW));
    }
}

/// The place after the sync of the second head that the log has.
fn begun_anew(events: &[Event]) -> usize {
    let mut log = None;
    let mut heads = 0;
    for (place, event) in events.iter().enumerate() {
        match event {
            Event::Made(file, name) if name == "groups.db-wal" => log = Some(*file),
            Event::Write(file, 0, _) if log == Some(*file) => heads += 1,
            Event::Sync(file, _) if log == Some(*file) && heads == 2 => return place + 1,
            _ => {}
        }
    }
    panic!("the log was not begun anew");
}
