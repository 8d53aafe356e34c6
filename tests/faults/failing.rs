//! Operations that fail: each of a script's in its turn, once and from then on; a full disk; a sync that fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use fault_vfs::{Fault, Kind};
use groups_server::error::Failure;
use rusqlite::{Connection, ffi};
use serde_json::{Value, json};

use crate::disk::{self, Disk};
use crate::harness::{
    PATIENCE, Random, Repeat, Request, Running, Template, faults, folder, new_token, number, seed, turn, without_syncs,
};
use crate::script::Run;

/// More than cores: some wait until a start is given up.
const THREADS: usize = 8;

/// Of so many operations one is failed, unless told otherwise.
const EVERY: usize = 3;

fn fault(kinds: &[Kind], index: u64, on: bool) -> Fault {
    Fault {
        kinds: kinds.to_vec(),
        suffix: "",
        index,
        on,
        error: None,
    }
}

fn full_disk() -> Fault {
    Fault {
        error: Some(ffi::SQLITE_FULL),
        ..fault(&[Kind::Write], 0, true)
    }
}

/// Runs the script with a fault, and holds what may then be found against the answers. Tells how many operations there
/// were that could have failed.
fn run_with(template: &Template, fault: Fault) -> u64 {
    let copy = template.copy();
    copy.tap.fail(fault.clone());
    let has_lost_sync = || copy.tap.failed().contains(&Kind::Sync);
    let mut lost_before = false;
    let (run, ended) = match Running::start(&copy.db) {
        Ok(server) => {
            let run = Run::of(&server, &template.token, |request, status| {
                let acknowledged = request.method != "GET" && status.is_some_and(|status| status < 300);
                assert!(
                    !(acknowledged && lost_before),
                    "{request:?} is acknowledged after a lost sync"
                );
                lost_before = has_lost_sync();
            });
            (run, server.stop())
        }
        Err(why) => (Run::none(&template.token), Err(why)),
    };
    if has_lost_sync() {
        let Failure(why) = ended.expect_err("a sync was lost");
        assert!(!lost_before || why.contains("did not confirm"), "{why}");
    }
    if !fault.on && !has_lost_sync() {
        assert!(
            run.unknown() <= 1,
            "a fault that passes costs the request that meets it"
        );
    }
    let counted = copy.tap.lift();
    run.check(&copy.db);
    counted
}

/// Does something with each of many faults, which it tells where that fails.
fn with_each(faults: &[Fault], run: impl Fn(&Template, Fault) + Sync) {
    let template = Template::new();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _repeat = Repeat(format!("{fault:?}"));
                    run(&template, fault.clone());
                }
            });
        }
    });
}

#[test]
fn whichever_operation_fails_the_answers_are_true() {
    let _turn = turn();
    let seed = seed();
    let _repeat = Repeat(format!("GROUPS_SEED={seed}"));
    let count = run_with(&Template::new(), fault(&Kind::ALL, u64::MAX, false));
    let every = number("GROUPS_EVERY").unwrap_or(EVERY);
    let indexes = (0..count).skip(Random(seed).below(every)).step_by(every);
    let faults: Vec<Fault> = indexes
        .flat_map(|index| [false, true].map(|on| fault(&Kind::ALL, index, on)))
        .collect();
    with_each(&faults, |template, fault| {
        run_with(template, fault);
    });
    println!(
        "{} runs, in each of which one of {count} operations failed, once or from then on",
        faults.len()
    );
}

#[test]
fn a_disk_that_is_full_from_any_write_on_leaves_the_answers_true() {
    let _turn = turn();
    let seed = seed();
    let _repeat = Repeat(format!("GROUPS_SEED={seed}"));
    let never = Fault {
        index: u64::MAX,
        ..full_disk()
    };
    let count = run_with(&Template::new(), never);
    let every = number("GROUPS_EVERY").unwrap_or(2 * EVERY);
    let indexes = (0..count).skip(Random(seed).below(every)).step_by(every);
    let faults: Vec<Fault> = indexes.map(|index| Fault { index, ..full_disk() }).collect();
    with_each(&faults, |template, fault| {
        run_with(template, fault);
    });
    println!(
        "{} runs, in each of which the disk was full from one of {count} writes on",
        faults.len()
    );
}

/// Makes the file and a token, with a fault. Tells how many operations there were that could have failed.
fn make_with(fault: Fault) -> u64 {
    let folder = folder();
    let db = folder.path().join("groups.db");
    let tap = without_syncs(folder.path());
    tap.fail(fault);
    let made = new_token(&db, "default");
    let counted = tap.lift();
    new_token(&db, "default").unwrap();
    let conn = Connection::open(&db).unwrap();
    assert_eq!(faults(&conn), None);
    let tokens: usize = conn
        .query_row("SELECT count(*) FROM tokens", [], |row| row.get(0))
        .unwrap();
    let expected = if made.is_ok() { 2..=2 } else { 1..=2 };
    assert!(
        expected.contains(&tokens),
        "{tokens} tokens, and the first was told {made:?}"
    );
    counted
}

#[test]
fn a_first_start_that_fails_leaves_nothing_in_the_way_of_the_next() {
    let _turn = turn();
    let count = make_with(fault(&Kind::ALL, u64::MAX, false));
    let every = number("GROUPS_EVERY").unwrap_or(EVERY);
    for index in (0..count).step_by(every) {
        for on in [false, true] {
            let _repeat = Repeat(format!("{index}, on: {on}"));
            make_with(fault(&Kind::ALL, index, on));
        }
    }
}

fn post(token: &str, path: &str, body: Value) -> Request {
    Request {
        token: token.to_owned(),
        method: "POST",
        path: path.to_owned(),
        key: None,
        body: Some(body),
    }
}

fn get(token: &str, path: &str) -> Request {
    Request {
        method: "GET",
        body: None,
        ..post(token, path, Value::Null)
    }
}

/// A request that writes more than SQLite's cache holds, which therefore writes to the log before the commit.
fn large(token: &str) -> Request {
    let url = format!("https://example.com/{}", "a".repeat(1_800));
    let contacts: Vec<Value> = (0..500)
        .map(|n| json!({"username": format!("user{n}"), "avatar_url": url}))
        .collect();
    post(token, "/v1/groups", json!({"name": "large", "contacts": contacts}))
}

#[test]
fn a_full_disk_is_told_reads_go_on_and_space_heals_it() {
    let _turn = turn();
    let template = Template::new();
    let token = &template.token;
    let copy = template.copy();
    let server = Running::start(&copy.db).unwrap();
    let (status, group) = server
        .send(&post(token, "/v1/groups", json!({"name": "before"})))
        .unwrap();
    assert_eq!(status, 201);
    let keyed = Request {
        key: Some("key".to_owned()),
        ..post(token, "/v1/contacts", json!({"username": "kate"}))
    };
    for _ in 0..3 {
        copy.tap.fail(full_disk());
        for request in [
            &keyed,
            &large(token),
            &post(token, "/v1/groups", json!({"name": "during"})),
        ] {
            let (status, error) = server.send(request).unwrap();
            assert_eq!((status, &error["code"]), (507, &json!("storage_full")), "{error}");
        }
        let list = server.send(&get(token, "/v1/groups")).unwrap();
        assert_eq!((list.0, &list.1["data"]), (200, &json!([group])));
        let contacts = server.send(&get(token, "/v1/contacts")).unwrap();
        assert_eq!((contacts.0, &contacts.1["data"]), (200, &json!([])));
        assert_eq!(server.send(&get(token, "/healthz")).unwrap().0, 200);
        copy.tap.lift();
    }
    assert_eq!(server.send(&keyed).unwrap().0, 201);
    assert_eq!(server.send(&large(token)).unwrap().0, 201);
    server.stop().unwrap();
}

/// Waits until the server, which has lost a sync, has ended by itself and told why.
fn expect_end(server: Running, token: &str) {
    let deadline = Instant::now() + PATIENCE;
    while let Some((status, _)) = server.send(&get(token, "/healthz")) {
        assert!(status == 200 || status == 503, "{status}");
        assert!(Instant::now() < deadline, "the server goes on after a lost sync");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(server.has_ended());
    let Failure(why) = server.stop().unwrap_err();
    assert!(why.contains("the disk did not confirm a write"), "{why}");
}

#[test]
fn a_lost_sync_ends_the_server_also_within_a_statement_and_in_a_checkpoint() {
    let _turn = turn();
    let template = Template::new();
    let token = &template.token;
    let small = post(token, "/v1/contacts", json!({"username": "kate"}));
    // The first write begins the log, whose head is synced before what follows it: by the large one, in a statement.
    for (request, index) in [
        (small.clone(), 0),
        (small.clone(), 1),
        (large(token), 0),
        (large(token), 1),
    ] {
        let copy = template.copy();
        let server = Running::start(&copy.db).unwrap();
        copy.tap.fail(fault(&[Kind::Sync], index, false));
        assert_eq!(server.send(&request).unwrap().0, 500);
        expect_end(server, token);
    }
    // An idle server moves its log into the file.
    let copy = template.copy();
    let server = Running::start(&copy.db).unwrap();
    copy.tap.fail(Fault {
        suffix: ".db",
        ..fault(&[Kind::Sync], 0, false)
    });
    assert_eq!(server.send(&small).unwrap().0, 201);
    expect_end(server, token);
}

/// After a failed sync the system may drop what it was for, and say that the next one is fine.
#[test]
fn what_was_acknowledged_is_there_though_the_system_has_dropped_what_it_could_not_sync() {
    let _turn = turn();
    let faults: Vec<Fault> = (0..60).map(|index| fault(&[Kind::Sync], index, false)).collect();
    with_each(&faults, |template, fault| {
        let copy = template.copy();
        copy.tap.record();
        copy.tap.fail(fault);
        if let Ok(server) = Running::start(&copy.db) {
            let run = Run::of(&server, &template.token, |_, _| {});
            drop(server.stop());
            let mut disk = Disk::default();
            for event in copy.tap.recorded() {
                disk.apply(&event);
            }
            let folder = folder();
            disk::put(&disk.sure(), folder.path());
            run.check(&folder.path().join("groups.db"));
        }
    });
}
