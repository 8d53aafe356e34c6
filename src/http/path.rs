//! Typed paths: a pattern, the kinds of objects that its variables name, and the handler arguments made from them.

use std::marker::PhantomData;

use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::types::id::Id;
use crate::types::kind::Kind;
use crate::types::redact::shortened;

/// The values of a path's variable segments, as sent.
pub type Segments = Vec<String>;

/// What handlers receive for the variables of a path: nothing, an id or two.
pub trait PathArguments: Sized + Send + 'static {
    /// The kind of each variable.
    type Kinds: AsRef<[Kind]> + Copy + Send + Sync + 'static;
    const COUNT: usize;

    /// Parses the segments in order.
    ///
    /// # Errors
    /// `not_found` for a segment that is not an id: it names no object.
    fn parse(segments: &[String], kinds: Self::Kinds) -> Result<Self, Error>;
}

impl PathArguments for () {
    type Kinds = [Kind; 0];
    const COUNT: usize = 0;

    fn parse(_: &[String], _: Self::Kinds) -> Result<Self, Error> {
        Ok(())
    }
}

impl PathArguments for Id {
    type Kinds = [Kind; 1];
    const COUNT: usize = 1;

    fn parse(segments: &[String], [kind]: Self::Kinds) -> Result<Self, Error> {
        id(segments.first(), kind)
    }
}

impl PathArguments for (Id, Id) {
    type Kinds = [Kind; 2];
    const COUNT: usize = 2;

    fn parse(segments: &[String], [first, second]: Self::Kinds) -> Result<Self, Error> {
        Ok((id(segments.first(), first)?, id(segments.get(1), second)?))
    }
}

fn id(segment: Option<&String>, kind: Kind) -> Result<Id, Error> {
    let text = segment.map_or("", String::as_str);
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    Id::parse(&decoded).ok_or_else(|| kind.not_found(&shortened(&decoded)))
}

/// A path pattern whose variables are parsed as `A`.
pub struct Path<A: PathArguments> {
    pattern: &'static str,
    kinds: A::Kinds,
    arguments: PhantomData<fn() -> A>,
}

impl<A: PathArguments> Path<A> {
    /// A path below the base path. A segment that starts with a colon is a variable; `kinds` says what each names.
    ///
    /// # Panics
    /// If `pattern` does not have one variable per kind; a compile-time error in a constant.
    pub const fn new(pattern: &'static str, kinds: A::Kinds) -> Self {
        let (bytes, mut at, mut variables) = (pattern.as_bytes(), 0, 0);
        while at < bytes.len() {
            if bytes[at] == b':' {
                variables += 1;
            }
            at += 1;
        }
        assert!(variables == A::COUNT, "a path needs as many variables as kinds");
        Path {
            pattern,
            kinds,
            arguments: PhantomData,
        }
    }

    pub fn pattern(&self) -> &'static str {
        self.pattern
    }

    pub fn kinds(&self) -> A::Kinds {
        self.kinds
    }

    /// The names of the variables and the kinds of objects that they name.
    pub fn variables(&self) -> Vec<(&'static str, Kind)> {
        let names = self.pattern.split('/').filter_map(|segment| segment.strip_prefix(':'));
        names.zip(self.kinds.as_ref().iter().copied()).collect()
    }
}
