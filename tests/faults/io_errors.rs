//! I/O errors: each operation of a script fails in turn, once or persistently; the disk is full; a sync fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use fault_vfs::{Fault, Operation};
use groups_server::error::Failure;
use rusqlite::{Connection, ffi};
use serde_json::{Value, json};
use test_support::env;
use test_support::random::Random;

use crate::disk::{self, Disk};
use crate::harness::{
    ReproduceWith, Request, TIMEOUT, Template, TestServer, exclusive, folder, integrity_problem,
    intercept_without_syncs, new_token, seed,
};
use crate::script::Run;

/// More than there are cores: some threads wait for a start to time out.
const THREADS: usize = 8;

/// One of this many operations fails, unless `GROUPS_EVERY` says otherwise.
const EVERY: usize = 3;

fn fault(operations: &[Operation], index: u64, persistent: bool) -> Fault {
    Fault {
        operations: operations.to_vec(),
        suffix: "",
        index,
        persistent,
        error: None,
    }
}

fn full_disk() -> Fault {
    Fault {
        error: Some(ffi::SQLITE_FULL),
        ..fault(&[Operation::Write], 0, true)
    }
}

/// Runs the script with a fault, and checks the database against the responses. Returns how many operations could have
/// failed.
fn run_with(template: &Template, fault: Fault) -> u64 {
    let copy = template.copy();
    copy.interceptor.inject(fault.clone());
    let has_failed_sync = || copy.interceptor.failed().contains(&Operation::Sync);
    let mut sync_failed = false;
    let (run, ended) = match TestServer::start(&copy.db) {
        Ok(server) => {
            let run = Run::of(&server, &template.token, |request, status| {
                let acknowledged = request.method != "GET" && status.is_some_and(|status| status < 300);
                assert!(
                    !(acknowledged && sync_failed),
                    "{request:?} was acknowledged after a failed sync"
                );
                sync_failed = has_failed_sync();
            });
            (run, server.stop())
        }
        Err(why) => (Run::not_started(&template.token), Err(why)),
    };
    if has_failed_sync() {
        let Failure(why) = ended.expect_err("a sync failed");
        assert!(!sync_failed || why.contains("did not confirm"), "{why}");
    }
    if !fault.persistent && !has_failed_sync() {
        assert!(
            run.unknown_outcomes() <= 1,
            "a transient fault affected more than one request"
        );
    }
    let counted = copy.interceptor.clear_fault();
    run.check(&copy.db);
    counted
}

/// Runs something with each of many faults, and prints the fault if that fails.
fn for_each(faults: &[Fault], run: impl Fn(&Template, Fault) + Sync) {
    let template = Template::new();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _reproduce = ReproduceWith(format!("{fault:?}"));
                    run(&template, fault.clone());
                }
            });
        }
    });
}

#[test]
fn responses_are_truthful_whichever_operation_fails() {
    let _exclusive = exclusive();
    let seed = seed();
    let _reproduce = ReproduceWith(format!("GROUPS_SEED={seed}"));
    let count = run_with(&Template::new(), fault(&Operation::ALL, u64::MAX, false));
    let every = env::number("GROUPS_EVERY").unwrap_or(EVERY);
    let indexes = (0..count).skip(Random(seed).below(every)).step_by(every);
    let faults: Vec<Fault> = indexes
        .flat_map(|index| [false, true].map(|persistent| fault(&Operation::ALL, index, persistent)))
        .collect();
    for_each(&faults, |template, fault| {
        run_with(template, fault);
    });
    println!(
        "{} runs, in each of which one of {count} operations failed, once or persistently",
        faults.len()
    );
}

#[test]
fn responses_are_truthful_if_the_disk_is_full_from_any_write_on() {
    let _exclusive = exclusive();
    let seed = seed();
    let _reproduce = ReproduceWith(format!("GROUPS_SEED={seed}"));
    let never = Fault {
        index: u64::MAX,
        ..full_disk()
    };
    let count = run_with(&Template::new(), never);
    let every = env::number("GROUPS_EVERY").unwrap_or(2 * EVERY);
    let indexes = (0..count).skip(Random(seed).below(every)).step_by(every);
    let faults: Vec<Fault> = indexes.map(|index| Fault { index, ..full_disk() }).collect();
    for_each(&faults, |template, fault| {
        run_with(template, fault);
    });
    println!(
        "{} runs, in each of which the disk was full from one of {count} writes on",
        faults.len()
    );
}

/// Creates the database and a token, with a fault. Returns how many operations could have failed.
fn create_with(fault: Fault) -> u64 {
    let folder = folder();
    let db = folder.path().join("groups.db");
    let interceptor = intercept_without_syncs(folder.path());
    interceptor.inject(fault);
    let first = new_token(&db, "default");
    let counted = interceptor.clear_fault();
    new_token(&db, "default").unwrap();
    let conn = Connection::open(&db).unwrap();
    assert_eq!(integrity_problem(&conn), None);
    let tokens: usize = conn
        .query_row("SELECT count(*) FROM tokens", [], |row| row.get(0))
        .unwrap();
    let expected = if first.is_ok() { 2..=2 } else { 1..=2 };
    assert!(
        expected.contains(&tokens),
        "there are {tokens} tokens, although the first attempt returned {first:?}"
    );
    counted
}

#[test]
fn a_first_start_that_fails_does_not_obstruct_the_next() {
    let _exclusive = exclusive();
    let count = create_with(fault(&Operation::ALL, u64::MAX, false));
    let every = env::number("GROUPS_EVERY").unwrap_or(EVERY);
    for index in (0..count).step_by(every) {
        for persistent in [false, true] {
            let _reproduce = ReproduceWith(format!("{index}, persistent: {persistent}"));
            create_with(fault(&Operation::ALL, index, persistent));
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

/// A request that writes more than fits in SQLite's cache, which then spills into the WAL before the commit.
fn large(token: &str) -> Request {
    let url = format!("https://example.com/{}", "a".repeat(1_800));
    let contacts: Vec<Value> = (0..500)
        .map(|n| json!({"username": format!("user{n}"), "avatar_url": url}))
        .collect();
    post(token, "/v1/groups", json!({"name": "large", "contacts": contacts}))
}

#[test]
fn a_full_disk_is_reported_reads_continue_and_writes_resume_when_there_is_room() {
    let _exclusive = exclusive();
    let template = Template::new();
    let token = &template.token;
    let copy = template.copy();
    let server = TestServer::start(&copy.db).unwrap();
    let (status, group) = server
        .send(&post(token, "/v1/groups", json!({"name": "before"})))
        .unwrap();
    assert_eq!(status, 201);
    let keyed = Request {
        key: Some("key".to_owned()),
        ..post(token, "/v1/contacts", json!({"username": "kate"}))
    };
    for _ in 0..3 {
        copy.interceptor.inject(full_disk());
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
        copy.interceptor.clear_fault();
    }
    assert_eq!(server.send(&keyed).unwrap().0, 201);
    assert_eq!(server.send(&large(token)).unwrap().0, 201);
    server.stop().unwrap();
}

/// Waits until the server has ended by itself after a failed sync, and asserts that it said why.
fn expect_end(server: TestServer, token: &str) {
    let deadline = Instant::now() + TIMEOUT;
    while let Some((status, _)) = server.send(&get(token, "/healthz")) {
        assert!(status == 200 || status == 503, "{status}");
        assert!(Instant::now() < deadline, "the server continues after a failed sync");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(server.ends());
    let Failure(why) = server.stop().unwrap_err();
    assert!(why.contains("the disk did not confirm a write"), "{why}");
}

#[test]
fn a_failed_sync_ends_the_server_even_within_a_statement_or_a_checkpoint() {
    let _exclusive = exclusive();
    let template = Template::new();
    let token = &template.token;
    let small = post(token, "/v1/contacts", json!({"username": "kate"}));
    // The first write starts the WAL, whose header is synced before any frame: by the large one, within a statement.
    for (request, index) in [
        (small.clone(), 0),
        (small.clone(), 1),
        (large(token), 0),
        (large(token), 1),
    ] {
        let copy = template.copy();
        let server = TestServer::start(&copy.db).unwrap();
        copy.interceptor.inject(fault(&[Operation::Sync], index, false));
        assert_eq!(server.send(&request).unwrap().0, 500);
        expect_end(server, token);
    }
    // An idle server checkpoints.
    let copy = template.copy();
    let server = TestServer::start(&copy.db).unwrap();
    copy.interceptor.inject(Fault {
        suffix: ".db",
        ..fault(&[Operation::Sync], 0, false)
    });
    assert_eq!(server.send(&small).unwrap().0, 201);
    expect_end(server, token);
}

/// After a failed sync the operating system may drop the unsynced data, and report success for the next sync.
#[test]
fn acknowledged_writes_survive_a_failed_sync_after_which_the_system_drops_data() {
    let _exclusive = exclusive();
    let faults: Vec<Fault> = (0..60).map(|index| fault(&[Operation::Sync], index, false)).collect();
    for_each(&faults, |template, fault| {
        let copy = template.copy();
        copy.interceptor.start_recording();
        copy.interceptor.inject(fault);
        if let Ok(server) = TestServer::start(&copy.db) {
            let run = Run::of(&server, &template.token, |_, _| {});
            drop(server.stop());
            let mut disk = Disk::default();
            for event in copy.interceptor.stop_recording() {
                disk.apply(&event);
            }
            let folder = folder();
            disk::write_image(&disk.synced(), folder.path());
            run.check(&folder.path().join("groups.db"));
        }
    });
}
