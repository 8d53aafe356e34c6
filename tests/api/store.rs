//! The store's guarantees under faults: a panic, a full file, a full queue, a lock held by another connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use groups_server::db::Transaction;
use groups_server::error::{self, Code};
use groups_server::store::accounts::{self, Account};
use groups_server::store::{Error, Store, Tx, groups};
use groups_server::types::group::NewGroup;
use groups_server::types::id::Id;
use groups_server::types::json;
use groups_server::types::time::Timestamp;

fn open() -> (tempfile::TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("groups.db"), 2).unwrap();
    (folder, Arc::new(store))
}

fn new_group(text: &str) -> NewGroup {
    let mut fields = json::object("it", text.as_bytes()).unwrap();
    NewGroup::take(&mut fields, 1_000).unwrap()
}

async fn account(store: &Store) -> Account {
    let created = store.write(|transaction| accounts::find_or_create(transaction, "default"));
    created.await.unwrap()
}

/// Writes on behalf of an account.
async fn write<T, F>(store: &Store, account: Account, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn(&Tx) -> Result<T, Error> + Send + 'static,
{
    let write = move |transaction: &Transaction| work(&Tx::new(transaction, account, Timestamp::now()));
    store.write(write).await
}

/// The code that a caller of the API gets for an error.
fn code(error: Error) -> Code {
    error::Error::from(error).code
}

async fn create(store: &Store, account: Account, description: String) -> Result<Id, Error> {
    let mut new = new_group("{\"name\":\"x\"}");
    new.description = Some(groups_server::types::text::Description::parse(description).unwrap());
    let created = write(store, account, move |tx| groups::create(tx, &new, 10));
    created.await.map(|(id, _)| id)
}

fn exists(store: &Store, account: Account, id: Id) -> bool {
    store.read(|conn| groups::retrieve(conn, account, id)).is_ok()
}

fn count_groups(store: &Store) -> usize {
    let count = store.read(|conn| Ok::<_, Error>(conn.query_row("SELECT count(*) FROM groups", [], |row| row.get(0))?));
    count.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_write_is_reported_and_rolls_back_that_write_only() {
    let (_folder, store) = open();
    let account = account(&store).await;
    let mut tasks = Vec::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let new = new_group("{\"name\":\"x\"}");
            let work = move |tx: &Tx| {
                let created = groups::create(tx, &new, 10)?;
                assert!(n % 4 != 0, "planted");
                Ok(created.0)
            };
            (n, write(&store, account, work).await)
        }));
    }
    let mut kept = 0;
    for task in tasks {
        match task.await.unwrap() {
            (n, Err(error)) => assert_eq!((n % 4, code(error)), (0, Code::Internal)),
            (_, Ok(id)) => {
                kept += 1;
                assert!(exists(&store, account, id));
            }
        }
    }
    assert_eq!(kept, 48);
    assert_eq!(count_groups(&store), 48, "a write that panicked leaves nothing behind");
}

/// SQLite itself does this in any statement when the disk is full or memory runs out.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_rolls_back_the_whole_batch_fails_and_the_others_succeed() {
    let (_folder, store) = open();
    let account = account(&store).await;
    // The others are queued while the writer is busy with this one, so they form a batch.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let first = store.write(move |_| {
        let _ = released.recv();
        Ok::<_, Error>(())
    });
    let others = futures_util::future::join_all((0..64).map(|n| {
        let new = new_group("{\"name\":\"x\"}");
        write(&store, account, move |tx| {
            let created = groups::create(tx, &new, 10)?;
            if n % 4 == 0 {
                tx.execute_batch("ROLLBACK")?;
            }
            Ok(created.0)
        })
    }));
    let (first, others, ()) = tokio::join!(first, others, async move { release.send(()).unwrap() });
    first.unwrap();
    for (n, created) in others.into_iter().enumerate() {
        match created {
            Err(error) => assert_eq!((n % 4, code(error)), (0, Code::Internal)),
            Ok(id) => assert!(n % 4 != 0 && exists(&store, account, id)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_fails_writes_but_not_reads_until_there_is_space() {
    let (_folder, store) = open();
    let account = account(&store).await;
    let before = create(&store, account, "before".to_owned()).await.unwrap();
    // SQLite reacts as on a full disk: it rolls back the whole transaction, not only the statement.
    let limit = |pages: &'static str| {
        store
            .write(move |tx| Ok::<_, Error>(tx.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?))
    };
    limit("40").await.unwrap();
    let mut tasks = Vec::new();
    for n in 0..200 {
        let store = Arc::clone(&store);
        // Small and large ones, so batches contain some that fit and some that do not.
        let description = "d".repeat(if n % 2 == 0 { 10 } else { 9_000 });
        tasks.push(tokio::spawn(async move { create(&store, account, description).await }));
    }
    let (mut kept, mut full) = (Vec::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(id) => kept.push(id),
            Err(error) => {
                assert_eq!(code(error), Code::StorageFull);
                full += 1;
            }
        }
    }
    assert!(full > 0 && !kept.is_empty(), "{full} rejected, {} kept", kept.len());
    assert!(exists(&store, account, before));
    for id in &kept {
        assert!(exists(&store, account, *id), "an acknowledged group is lost");
    }
    assert_eq!(count_groups(&store), kept.len() + 1, "a rejected group was stored");
    limit("1000000").await.unwrap();
    create(&store, account, "d".repeat(9_000)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_rejects_writes_and_the_queued_ones_complete() {
    let (folder, store) = open();
    let account = account(&store).await;
    let other = rusqlite::Connection::open(folder.path().join("groups.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    // More than the queue and the current batch can hold.
    for _ in 0..2_000 {
        let (store, refused) = (Arc::clone(&store), Arc::clone(&refused));
        tasks.push(tokio::spawn(async move {
            let created = create(&store, account, "d".to_owned()).await;
            if let Err(error) = &created {
                assert_eq!(code(error.clone()), Code::Unavailable);
                refused.fetch_add(1, Ordering::Relaxed);
            }
            created
        }));
    }
    while refused.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    other.execute_batch("COMMIT").unwrap();
    let mut kept = 0;
    for task in tasks {
        if let Ok(id) = task.await.unwrap() {
            kept += 1;
            assert!(exists(&store, account, id));
        }
    }
    assert!(kept >= 1_000, "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_completes_even_if_its_caller_has_gone() {
    let (folder, store) = open();
    let account = account(&store).await;
    let other = rusqlite::Connection::open(folder.path().join("groups.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut write = Box::pin(create(&store, account, "d".to_owned()));
    // Polled once, it is queued, and cannot finish while the other connection holds the lock.
    assert!(futures_util::FutureExt::now_or_never(&mut write).is_none());
    drop(write);
    other.execute_batch("COMMIT").unwrap();
    // The queue is in order, so the write before this one is done as well.
    create(&store, account, "d".to_owned()).await.unwrap();
    assert_eq!(count_groups(&store), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_after_closing_are_rejected_and_reads_cannot_write() {
    let (_folder, store) = open();
    let account = account(&store).await;
    let refused = store.read(|conn| Ok::<_, Error>(conn.execute("DELETE FROM accounts", [])?));
    assert_eq!(code(refused.unwrap_err()), Code::Internal);
    store.close().unwrap();
    let refused = create(&store, account, "d".to_owned()).await;
    assert_eq!(code(refused.unwrap_err()), Code::Unavailable);
}

#[tokio::test]
async fn dropping_the_store_closes_the_file() {
    let (folder, store) = open();
    account(&store).await;
    drop(store);
    assert!(!folder.path().join("groups.db-wal").exists());
}

#[test]
fn the_writers_connection_is_durable_and_enforces_foreign_keys() {
    let (_folder, store) = open();
    let pragma = |conn: &rusqlite::Connection, name: &str| -> String {
        conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let settings = runtime
        .block_on(store.write(move |tx| {
            Ok::<_, Error>([
                pragma(tx, "journal_mode"),
                pragma(tx, "synchronous"),
                pragma(tx, "foreign_keys"),
            ])
        }))
        .unwrap();
    assert_eq!(settings, ["Text(\"wal\")", "Integer(2)", "Integer(1)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_reader_delays_neither_writes_nor_closing() {
    let (folder, store) = open();
    let account = account(&store).await;
    let reader = rusqlite::Connection::open(folder.path().join("groups.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM groups", [], |_| Ok(())).unwrap();
    create(&store, account, "d".to_owned()).await.unwrap();
    let began = std::time::Instant::now();
    store.close().unwrap();
    assert!(
        began.elapsed() < std::time::Duration::from_secs(3),
        "closing waited for a reader"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn potentially_long_reads_take_turns_and_block_nothing_else() {
    let (_folder, store) = open();
    let account = account(&store).await;
    let (started, starts) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(std::sync::Mutex::new(released));
    let long: Vec<_> = (0..4)
        .map(|_| {
            let (store, started, released) = (Arc::clone(&store), started.clone(), Arc::clone(&released));
            tokio::spawn(async move {
                let read = store.read_long_if(true, store.begin_read().unwrap(), move |_| {
                    started.send(()).unwrap();
                    released.lock().unwrap().recv().unwrap();
                    Ok::<_, Error>(())
                });
                read.await.unwrap();
            })
        })
        .collect();
    let starts = tokio::task::spawn_blocking(move || {
        starts.recv().unwrap();
        starts
    });
    let starts = starts.await.unwrap();
    // The first long read holds its turn. The other long reads wait; writes and short reads go on.
    for n in 0..20 {
        let id = create(&store, account, n.to_string()).await.unwrap();
        assert!(exists(&store, account, id));
    }
    assert!(starts.try_recv().is_err(), "a second long read runs beside the first");
    for _ in &long {
        release.send(()).unwrap();
    }
    for read in long {
        read.await.unwrap();
    }
}
