//! The kinds of objects and their names.

use super::id::Id;
use crate::error::Error;

/// Declares `Kind`: each kind with its singular and its plural.
macro_rules! kinds {
    ($($kind:ident: $singular:literal, $plural:literal;)+) => {
        /// A kind of object that an account owns.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($kind,)+
        }

        impl Kind {
            /// Every kind, in the order of the API's reference.
            pub const ALL: [Kind; [$(Kind::$kind),+].len()] = [$(Kind::$kind),+];

            /// The singular, such as `group`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $singular,)+
                }
            }

            /// The plural, such as `groups`.
            pub const fn plural(self) -> &'static str {
                match self {
                    $(Kind::$kind => $plural,)+
                }
            }

            /// The name of its type in programs, such as `Group`.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Kind::$kind => stringify!($kind),)+
                }
            }
        }
    };
}

kinds! {
    Group: "group", "groups";
    Contact: "contact", "contacts";
    Conversation: "conversation", "conversations";
    Message: "message", "messages";
}

impl Kind {
    /// The kind with this singular.
    pub fn parse(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The error for an id in a path that names no object of this kind.
    pub fn not_found(self, id: &str) -> Error {
        Error::not_found(self.name(), id)
    }

    /// The error for an id in the parameter `param` that names no object of this kind.
    pub fn unknown(self, param: impl Into<String>, id: Id) -> Error {
        let what = format!(
            "must be the id of one of the {}; there is none with the id `{id}`",
            self.plural()
        );
        Error::invalid(param, what)
    }
}
