//! The words in steps: few, so that usernames collide and searches match.

pub const USERNAMES: &[&str] = &[
    "Hector", "hector", "Cedric", "CEDRIC", "Hester", "cliff", "Zoë", "zoë", "ZOË", "zoe", "Ünal", "a.b-c", "kate_mc",
    "x1", "Hôtel", "日本", "new",
];

pub const WORDS: &[&str] = &[
    "plaza",
    "Plaza",
    "Hotel",
    "hôtel",
    "Zoë",
    "zoe",
    "new",
    "New",
    "news",
    "York",
    "été",
    "Über",
    "foo-bar",
    "foo",
    "bar",
    "barn",
    "42",
    "4",
    "日本",
    "日本語",
    "Привет",
    "👋",
    "c1",
    "a1",
    "a2",
    "scope",
    "message",
    "name:plaza",
    "NEAR",
    "AND",
    "OR",
    "it's",
    "naïve",
    "kate_mc",
    "555",
];

/// Syntax that full-text engines interpret and that this server must treat as plain text.
pub const OPERATORS: &[&str] = &[
    "-", "*", "\"", "^plaza", "foo*", "\"new\"", "(new", "NOT", "{a}", "name:", "'", "+", "hôtel\"", "foo.bar",
];
