//! Lists, page by page.

use serde_json::json;

use super::{TestServer, ids};

impl TestServer {
    /// Asserts that a list's pages contain exactly the objects `shown`: the first page, and those after and before each
    /// object of `all`, shown or not. Both run from the newest object to the oldest. `list` is a path with a query, but
    /// without a limit and a cursor.
    #[track_caller]
    pub fn assert_pages(&self, token: &str, list: &str, all: &[String], shown: &[String], limit: usize) {
        let expect = |cursor: &str, page: &[String], has_more: bool| {
            let path = format!("{list}&limit={limit}{cursor}");
            let response = self.request("GET", &path).token(token).send();
            assert_eq!(response.status, 200, "{path}: {}", response.text);
            let response = response.json();
            assert_eq!(
                (ids(&response), &response["has_more"]),
                (page.to_vec(), &json!(has_more)),
                "{path}"
            );
        };
        let position = |id: &String| all.iter().position(|other| other == id).unwrap();
        expect("", &shown[..limit.min(shown.len())], shown.len() > limit);
        for (at, cursor) in all.iter().enumerate() {
            let newer = shown.iter().filter(|id| position(id) < at).count();
            let from = newer.saturating_sub(limit);
            expect(&format!("&ending_before={cursor}"), &shown[from..newer], from > 0);
            let older = &shown[newer + usize::from(shown.get(newer) == Some(cursor))..];
            expect(
                &format!("&starting_after={cursor}"),
                &older[..limit.min(older.len())],
                older.len() > limit,
            );
        }
    }

    /// `walk_as` with the server's own token.
    pub fn walk(&self, path: &str, limit: usize, last: Option<&str>) -> Vec<String> {
        self.walk_as(&self.token, path, limit, last)
    }

    /// Walks the list at `path`, which has a query, page by page: from its start to its end or, given an object `last`,
    /// from just before that object back to the start. Returns the ids in the list's order.
    pub fn walk_as(&self, token: &str, path: &str, limit: usize, last: Option<&str>) -> Vec<String> {
        let mut seen = Vec::new();
        let mut cursor = last.map_or_else(String::new, |last| format!("&ending_before={last}"));
        loop {
            let request = self.request("GET", &format!("{path}&limit={limit}{cursor}"));
            let response = request.token(token).send();
            assert_eq!(response.status, 200, "{}", response.text);
            let (list, page) = (response.json(), ids(&response.json()));
            let more = list["has_more"] == true;
            assert!(
                page.len() == limit || !more && page.len() < limit,
                "only the last page may be short: {}",
                response.text
            );
            assert!(page.iter().all(|id| !seen.contains(id)), "{path}: pages overlap");
            let edge = if last.is_none() { page.last() } else { page.first() };
            let edge = edge.cloned().unwrap_or_default();
            match last {
                None => seen.extend(page),
                Some(_) => drop(seen.splice(0..0, page)),
            }
            if !more {
                return seen;
            }
            let param = if last.is_none() {
                "starting_after"
            } else {
                "ending_before"
            };
            cursor = format!("&{param}={edge}");
        }
    }
}
