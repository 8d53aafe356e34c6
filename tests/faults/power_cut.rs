//! Power cuts. Whichever part of the unsynced writes is lost, the file that is left is a state between two commits, has
//! everything that was acknowledged, and can be served.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use fault_vfs::Event;
use groups_server::db::Transaction;
use groups_server::store::{Error, Missing, Session, Store};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use test_support::env;
use test_support::random::Random;

use crate::disk::{Disk, Image, Loss, write_image};
use crate::harness::{
    ReproduceWith, TIMEOUT, exclusive, folder, integrity_problem, intercept_without_syncs, seed, sibling, snapshot,
};
use crate::recording::{self, CLIENTS, Note, Recording, account};

/// How many images are made of one recording.
const IMAGES: usize = 2_000;

const THREADS: usize = 2;

/// An odd multiplier without a pattern, for a hash.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A state between two commits, as callers see it.
struct State {
    /// What each client sees.
    views: Vec<String>,
    tokens: usize,
}

/// All states between two commits of a recording, by a hash of the pages.
type States = HashMap<u64, State>;

/// What had been acknowledged at one point of a recording.
#[derive(Clone, Debug, Default)]
struct Acknowledged {
    /// The number of requests that each client sent, and of responses that it got.
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

    /// How a state that was left contradicts what was acknowledged, if it does.
    fn contradiction(&self, state: &State, recording: &Recording) -> Option<String> {
        if state.tokens < self.tokens {
            return Some(format!("{} of {} tokens are left", state.tokens, self.tokens));
        }
        for (&client, &(sent, answered)) in &self.requests {
            let views = &recording.views[client];
            if views[answered..=sent].iter().all(|view| *view != state.views[client]) {
                return Some(format!(
                    "client {client} had {answered} responses to {sent} requests; it should see\n{}\nbut sees\n{}",
                    views[answered], state.views[client]
                ));
            }
        }
        None
    }
}

/// A hash of a database's pages, including those in the WAL. Changes neither file. Checks the integrity first if asked.
fn hash_pages(db: &Path, check_integrity: bool) -> Result<u64, String> {
    let conn = Connection::open(db).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    if check_integrity && let Some(problem) = integrity_problem(&conn) {
        return Err(problem);
    }
    let pages = conn.serialize("main").map_err(|error| error.to_string())?;
    let (words, _) = pages.as_chunks::<8>();
    let mix = |hash: u64, word: &[u8; 8]| {
        (hash ^ u64::from_le_bytes(*word))
            .wrapping_mul(MULTIPLIER)
            .rotate_left(29)
    };
    Ok(words.iter().fold(0, mix))
}

/// What the clients see in a database.
fn observe(db: &Path) -> State {
    let mut session = Session::open(db, Missing::Refuse).unwrap();
    let count = "SELECT (SELECT count(*) FROM tokens), (SELECT count(*) FROM accounts WHERE name LIKE 'account %')";
    let counts = session.read(|conn| {
        let counts = conn
            .prepare_cached(count)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<(usize, usize), Error>(counts)
    });
    let (tokens, clients) = counts.unwrap();
    let mut views: Vec<String> = (0..clients)
        .map(|client| snapshot(&mut session, &account(client)))
        .collect();
    views.resize(CLIENTS, String::new());
    State { views, tokens }
}

/// The states between two commits: after each sync of a WAL, and after the new database is renamed into place.
fn states(recording: &Recording) -> States {
    let (mut disk, mut wals, mut states) = (Disk::default(), Vec::new(), States::new());
    let mut in_place = false;
    for event in &recording.events {
        disk.apply(event);
        let committed = match event {
            Event::Created(file, name) if name == "groups.db-wal" => {
                wals.push(*file);
                false
            }
            Event::Renamed(..) => {
                in_place = true;
                true
            }
            Event::Sync(file, _) => in_place && wals.contains(file),
            _ => false,
        };
        if committed {
            let folder = folder();
            let _interceptor = intercept_without_syncs(folder.path());
            let db = folder.path().join("groups.db");
            write_image(&disk.everything(), folder.path());
            let hash = hash_pages(&db, true).unwrap();
            states.entry(hash).or_insert_with(|| observe(&db));
        }
    }
    states
}

/// Opens an image as a server does, and checks it against what was acknowledged.
fn check(image: &Image, states: &States, acknowledged: &Acknowledged, recording: &Recording) -> Result<(), String> {
    let folder = folder();
    let _interceptor = intercept_without_syncs(folder.path());
    let db = folder.path().join("groups.db");
    write_image(image, folder.path());
    let state = match image.contains_key("groups.db") {
        true => {
            let state = states.get(&hash_pages(&db, false)?);
            state.ok_or("it is not a state between two commits")?
        }
        false => &State {
            views: vec![String::new(); CLIENTS],
            tokens: 0,
        },
    };
    if let Some(why) = acknowledged.contradiction(state, recording) {
        return Err(why);
    }
    let store = Store::open(&db, 2).map_err(|why| format!("the store refuses it: {why}"))?;
    let served = observe(&db);
    drop(store);
    match served.views == state.views && served.tokens == state.tokens {
        true => Ok(()),
        false => Err("what is served differs from what was found".to_owned()),
    }
}

/// Points at which to cut the power, in order. Half of them are just before a sync, when the most can be lost.
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

/// Checks one image for each of these moments.
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
        let image = disk.after_power_cut(loss, &mut random);
        check(&image, states, &acknowledged, recording).map_err(|why| {
            let kept = folder().keep();
            write_image(&image, &kept);
            let events = recording.events.len();
            format!(
                "cut at {moment} of {events}, {loss:?}, kept in {}: {why}",
                kept.display()
            )
        })?;
    }
    Ok(())
}

fn run(seed: u64, images: usize) -> Result<(), String> {
    let recording = recording::record(seed);
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
    let _exclusive = exclusive();
    let images = env::number("GROUPS_IMAGES").unwrap_or(IMAGES);
    let seed = seed();
    for run_index in 0..images.div_ceil(IMAGES) {
        let seed = seed.wrapping_add(run_index as u64);
        let _reproduce = ReproduceWith(format!(
            "GROUPS_SEED={seed}, although the clients' requests may interleave differently"
        ));
        run(seed, IMAGES.min(images - run_index * IMAGES)).unwrap();
    }
    println!("{images} images of what a power cut could have left, lost 0");
}

/// The salt in the WAL's header, which changes when the WAL restarts.
fn wal_salt(db: &Path) -> [u8; 8] {
    let mut salt = [0; 8];
    let wal = File::open(sibling(db, "-wal")).unwrap();
    // A WAL that was just truncated has no header yet.
    wal.read_at(&mut salt, 16).unwrap();
    salt
}

/// The WAL grows so long that the checkpoint thread moves it into the database.
#[test]
fn the_checkpoint_thread_syncs_the_database_before_the_wal_restarts() {
    let _exclusive = exclusive();
    const ROW: usize = 4 << 20;
    let live = folder();
    let interceptor = intercept_without_syncs(live.path());
    interceptor.start_recording();
    let db = live.path().join("groups.db");
    let store = Store::open(&db, 2).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let write = |sql: &'static str, size: usize| {
        let insert = move |tx: &Transaction| {
            Ok::<_, Error>(tx.execute(sql, rusqlite::params_from_iter((size > 0).then_some(size)))?)
        };
        runtime.block_on(store.write(insert)).unwrap();
    };
    let insert = |size| write("INSERT INTO long VALUES (randomblob(?1))", size);
    write("CREATE TABLE long (x)", 0);
    let salt = wal_salt(&db);
    // With the last of these rows the WAL reaches the 12,000 pages at which the thread starts to move it.
    let rows = 12;
    for _ in 0..rows {
        insert(ROW);
    }
    let deadline = Instant::now() + TIMEOUT;
    // No write comes in the meantime, so the thread moves the whole WAL, up to the database's last page.
    let pages = store.read(|conn| Ok::<_, Error>(conn.query_row("PRAGMA page_count", [], |row| row.get::<_, u64>(0))?));
    let size = 4096 * pages.unwrap();
    while std::fs::metadata(&db).unwrap().len() < size {
        assert!(Instant::now() < deadline, "the WAL is not moved");
        std::thread::sleep(Duration::from_millis(1));
    }
    insert(1);
    while wal_salt(&db) == salt {
        assert!(Instant::now() < deadline, "the WAL does not restart");
        insert(1);
    }
    let events = interceptor.stop_recording();
    drop(store);
    let mut disk = Disk::default();
    events[..restart(&events)].iter().for_each(|event| disk.apply(event));
    let seed = seed();
    let _reproduce = ReproduceWith(format!("GROUPS_SEED={seed}"));
    let mut random = Random(seed);
    for image in [
        disk.synced(),
        disk.after_power_cut(Loss::random(&mut random), &mut random),
    ] {
        let folder = folder();
        write_image(&image, folder.path());
        let conn = Connection::open(folder.path().join("groups.db")).unwrap();
        assert_eq!(integrity_problem(&conn), None);
        let sql = "SELECT count(*), sum(length(x)) FROM long WHERE length(x) > 1";
        let left: (usize, usize) = conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(left, (rows, rows * ROW));
    }
}

/// The index after the sync of the WAL's second header.
fn restart(events: &[Event]) -> usize {
    let mut wal = None;
    let mut headers = 0;
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Created(file, name) if name == "groups.db-wal" => wal = Some(*file),
            Event::Write(file, 0, _) if wal == Some(*file) => headers += 1,
            Event::Sync(file, _) if wal == Some(*file) && headers == 2 => return index + 1,
            _ => {}
        }
    }
    panic!("the WAL did not restart");
}
