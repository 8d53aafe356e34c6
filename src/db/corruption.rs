//! Corruption that is met while the file is served. Whoever meets it reports it here, and the server ends, because
//! nobody knows what else is corrupt.

use tokio::sync::watch;

use super::error::{Error, ErrorKind, WorkError};

/// A clone is another handle to the same report.
#[derive(Clone)]
pub struct Corruption {
    /// The name of the program, for the advice.
    program: &'static str,
    report: watch::Sender<Option<String>>,
}

impl Corruption {
    pub fn new(program: &'static str) -> Self {
        Corruption {
            program,
            report: watch::Sender::default(),
        }
    }

    /// Reports corruption, in SQLite's words. The first report is kept and logged.
    pub fn report(&self, what: &str) {
        let first = self.report.send_if_modified(|report| {
            let first = report.is_none();
            report.get_or_insert_with(|| what.to_owned());
            first
        });
        if first {
            tracing::error!("the database is corrupt: {what}");
        }
    }

    /// Reports what the result of a read or a write shows of it, and passes the result on.
    pub fn observe<T, E: WorkError>(&self, result: Result<T, E>) -> Result<T, E> {
        if let Err(error) = &result
            && let Some(error) = error.database()
            && error.kind == ErrorKind::Corrupt
        {
            self.report(&error.to_string());
        }
        result
    }

    /// The reported corruption, if any, with what to do.
    pub fn reported(&self) -> Option<Error> {
        self.report.borrow().as_deref().map(|what| self.error(what))
    }

    /// Completes when corruption is reported.
    pub async fn met(&self) -> Error {
        let mut report = self.report.subscribe();
        match report.wait_for(Option::is_some).await {
            Ok(what) => self.error(what.as_deref().unwrap_or_default()),
            Err(_) => std::future::pending().await,
        }
    }

    fn error(&self, what: &str) -> Error {
        let program = self.program;
        let text = format!(
            "the database is corrupt ({what}): keep it, examine it with `{program} check`, and restore a backup with \
             `{program} restore`"
        );
        Error::new(ErrorKind::Corrupt, text)
    }
}
