//! The values that steps have: mostly right ones.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::objects::Kind;
use super::steps::{Arg, Item, Pick, Ref};
use super::texts;

pub fn living() -> BoxedStrategy<Ref> {
    reference(Pick::Living)
}

pub fn fitting() -> BoxedStrategy<Ref> {
    reference(Pick::Fitting)
}

/// Mostly `usual`.
pub fn reference(usual: Pick) -> BoxedStrategy<Ref> {
    let pick = prop_oneof![
        90 => Just(usual),
        2 => Just(Pick::Living),
        3 => Just(Pick::Deleted),
        2 => Just(Pick::OtherKind),
        2 => Just(Pick::OtherAccount),
        1 => Just(Pick::Unknown),
        1 => Just(Pick::Malformed),
    ];
    let parts = (pick, any::<u16>(), prop::bool::weighted(0.1));
    parts.prop_map(|(pick, at, swapped)| Ref { pick, at, swapped }).boxed()
}

pub fn one_of<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> BoxedStrategy<T> {
    select(values).boxed()
}

/// `good` mostly, `bad` sometimes.
pub fn mostly(good: BoxedStrategy<Arg>, bad: Vec<Arg>) -> BoxedStrategy<Arg> {
    prop_oneof![30 => good, 1 => one_of(bad)].boxed()
}

pub fn is(value: impl Into<Value>) -> Arg {
    Arg::Is(value.into())
}

/// A text or null.
pub fn or_null(text: BoxedStrategy<Arg>) -> BoxedStrategy<Arg> {
    prop_oneof![4 => text, 1 => Just(is(Value::Null))].boxed()
}

pub fn text() -> BoxedStrategy<Arg> {
    (
        vec(select(texts::WORDS), 1..4),
        select(&[" ", ", ", " - ", "\u{2003}"][..]),
    )
        .prop_map(|(words, between)| is(words.join(between)))
        .boxed()
}

pub fn name() -> BoxedStrategy<Arg> {
    let long = one_of(vec![Arg::Long("é", 255)]);
    let bad = vec![
        is(""),
        is(" \u{2003}"),
        is("a\u{7}b"),
        is(Value::Null),
        is(json!(["x"])),
        Arg::Long("é", 256),
    ];
    mostly(prop_oneof![40 => text(), 1 => long].boxed(), bad)
}

pub fn description() -> BoxedStrategy<Arg> {
    let odd = one_of(vec![is(""), is("a\nb\t\"c\"\\ \u{7f}"), Arg::Long("é ", 5_000)]);
    let good = or_null(prop_oneof![10 => text(), 1 => odd].boxed());
    mostly(good, vec![Arg::Long("é", 10_001), is(json!(["x"]))])
}

pub fn url() -> BoxedStrategy<Arg> {
    let good = one_of(vec![is("https://example.com/a.png"), is("http://é.example/?q=1#f")]);
    mostly(or_null(good), vec![is("/a.png"), is("ftp://a/b"), is("https://")])
}

pub fn username() -> BoxedStrategy<Arg> {
    let good = one_of(texts::USERNAMES.iter().map(|&name| is(name)).collect());
    let long = one_of(vec![Arg::Long("u", 64)]);
    let bad = vec![is(""), is("a b"), is("a\tb"), is(Value::Null), Arg::Long("u", 65)];
    mostly(prop_oneof![40 => good, 1 => long].boxed(), bad)
}

pub fn phone_number() -> BoxedStrategy<Arg> {
    let good = one_of(vec![is("+1 212 555-0100"), is("42"), is(""), Arg::Long("1", 32)]);
    mostly(or_null(good), vec![Arg::Long("1", 33), is(json!(["x"]))])
}

pub fn display_name() -> BoxedStrategy<Arg> {
    let odd = one_of(vec![is(""), Arg::Long("é", 255)]);
    mostly(
        or_null(prop_oneof![10 => text(), 1 => odd].boxed()),
        vec![Arg::Long("é", 256)],
    )
}

pub fn message() -> BoxedStrategy<Arg> {
    let odd = one_of(vec![is("a\nb\t\"c\"\\ \u{7f}"), is(" "), Arg::Long("é", 10_000)]);
    let bad = vec![is(""), is(Value::Null), is(json!(["x"])), Arg::Long("é", 10_001)];
    mostly(prop_oneof![30 => text(), 1 => odd].boxed(), bad)
}

pub fn time() -> BoxedStrategy<Arg> {
    let times = [0_i64, 1, 1_700_000_000, 253_402_300_799];
    let good = one_of(times.into_iter().map(is).collect());
    let bad = vec![is(-1), is(253_402_300_800_i64), is("soon"), is(true)];
    mostly(prop_oneof![2 => good, 1 => Just(is(Value::Null))].boxed(), bad)
}

pub fn flag() -> BoxedStrategy<Arg> {
    let good = one_of(vec![is(true), is(false)]);
    mostly(good, vec![is(Value::Null), is("yes"), is(1)])
}

pub fn reactions() -> BoxedStrategy<Arg> {
    let reactors = || vec(select(&["KateMcCallister", "Zoë", "x y"][..]), 0..4);
    let reaction = || (select(&["red_angry_face", "heart", "é"][..]), reactors());
    let objects = vec(vec(reaction(), 1..3), 0..4).prop_map(|objects| {
        let object = |reactions: Vec<(&str, Vec<&str>)>| -> Value {
            let object = reactions.into_iter().map(|(name, by)| (name.to_owned(), json!(by)));
            Value::Object(object.collect())
        };
        is(objects.into_iter().map(object).collect::<Vec<_>>())
    });
    let one = reaction().prop_map(|(name, by)| is(json!({name: by})));
    let bad = vec![
        is(Value::Null),
        is("x"),
        is(json!(["x"])),
        is(json!([{"heart": "x"}])),
        is(json!({"heart": ["x", ""]})),
        is(json!([{"heart": ["x"]}, {"a\u{7}b": ["x"]}])),
    ];
    mostly(prop_oneof![3 => objects, 1 => one].boxed(), bad)
}

pub fn contacts() -> BoxedStrategy<Arg> {
    let extra = vec(
        prop_oneof![
            display_name().prop_map(|arg| ("display_name", arg)),
            phone_number().prop_map(|arg| ("phone_number", arg)),
            url().prop_map(|arg| ("avatar_url", arg)),
            Just(("id", is(Value::Null))),
        ],
        0..3,
    );
    let named = (weighted(0.98, username()), extra).prop_map(|(username, mut properties)| {
        properties.extend(username.map(|username| ("username", username)));
        Item::Named(properties)
    });
    let odd = one_of(vec![
        is(Value::Null),
        is(json!(["x"])),
        is(json!({"username": "x", "age": 7})),
    ]);
    let item = prop_oneof![
        20 => living().prop_map(Item::Id),
        10 => living().prop_map(Item::Object),
        20 => named,
        1 => odd.prop_map(|arg| match arg {
            Arg::Is(value) => Item::Is(value),
            _ => Item::Named(Vec::new()),
        }),
    ];
    let count = prop_oneof![10 => 0..5_usize, 2 => 5..8_usize];
    let items = count.prop_flat_map(move |count| vec(item.clone(), count));
    mostly(
        items.prop_map(Arg::Contacts).boxed(),
        vec![is(Value::Null), is(json!({"username": "x"})), is("x")],
    )
}

pub fn id(kind: Kind, reference: BoxedStrategy<Ref>) -> BoxedStrategy<Arg> {
    reference.prop_map(move |reference| Arg::Id(kind, reference)).boxed()
}

pub fn query() -> BoxedStrategy<Arg> {
    let part = (select(texts::WORDS), 1..7_usize).prop_map(|(word, length)| -> String {
        // A whole word, or the beginning of one.
        word.chars().take(length).collect()
    });
    let good = vec(
        prop_oneof![8 => part.boxed(), 1 => select(texts::SIGNS).prop_map(str::to_owned).boxed()],
        1..3,
    );
    let bad = vec![is(""), is(" - "), Arg::Long("a", 256), Arg::Long("a ", 17)];
    mostly(good.prop_map(|parts| is(parts.join(" "))).boxed(), bad)
}
