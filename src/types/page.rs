//! Which page of a list a request asks for.

use serde_json::json;

use super::fields::Fields;
use super::id::Id;
use super::property::Property;
use crate::error::Error;

/// Where a page starts in its list, which runs from the newest object to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The newest objects.
    First,
    /// Just after (older than) this object: `starting_after`.
    After(Id),
    /// Just before (newer than) this object: `ending_before`.
    Before(Id),
}

/// A page of a list: at most `limit` objects from `cursor` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: usize,
    pub cursor: Cursor,
}

impl Page {
    const DEFAULT_LIMIT: usize = 10;
    const MAX_LIMIT: i64 = 100;

    /// The parameters that select a page.
    pub fn parameters() -> Vec<Property> {
        let mut limit =
            Property::new::<i64>("limit", "The maximum number of objects to return.").example(Self::DEFAULT_LIMIT);
        limit.input =
            json!({"type": "integer", "minimum": 1, "maximum": Self::MAX_LIMIT, "default": Self::DEFAULT_LIMIT});
        vec![
            limit,
            Property::new::<Id>(
                "starting_after",
                "The id of an object of this list: returns the page after (older than) it. Cannot be combined with \
                 `ending_before`.",
            ),
            Property::new::<Id>(
                "ending_before",
                "The id of an object of this list: returns the page just before (newer than) it. Cannot be combined with \
                 `starting_after`.",
            ),
        ]
    }

    /// Reads `limit`, `starting_after` and `ending_before`.
    pub fn take(query: &mut Fields) -> Result<Self, Error> {
        let limit = match query.optional::<i64>("limit")? {
            None => Self::DEFAULT_LIMIT,
            Some(limit @ 1..=Self::MAX_LIMIT) => usize::try_from(limit).unwrap_or(Self::DEFAULT_LIMIT),
            Some(limit) => {
                let message = format!("must be 1 to {}, not {limit}", Self::MAX_LIMIT);
                return Err(Error::invalid("limit", message));
            }
        };
        let after = query.optional::<Id>("starting_after")?;
        let before = query.optional::<Id>("ending_before")?;
        let cursor = match (after, before) {
            (None, None) => Cursor::First,
            (Some(id), None) => Cursor::After(id),
            (None, Some(id)) => Cursor::Before(id),
            (Some(_), Some(_)) => {
                let message = "cannot be combined with `starting_after`; give only one of them";
                return Err(Error::invalid("ending_before", message));
            }
        };
        Ok(Page { limit, cursor })
    }
}
