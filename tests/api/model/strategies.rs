//! Strategies for the values in steps: mostly valid ones.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::state::Kind;
use super::steps::{Arg, Item, Reference, Target};
use super::vocabulary;

pub fn existing() -> BoxedStrategy<Reference> {
    reference(Target::Existing)
}

pub fn suitable() -> BoxedStrategy<Reference> {
    reference(Target::Suitable)
}

/// A reference, mostly to `usual`.
pub fn reference(usual: Target) -> BoxedStrategy<Reference> {
    let target = prop_oneof![
        90 => Just(usual),
        2 => Just(Target::Existing),
        3 => Just(Target::Deleted),
        2 => Just(Target::OtherKind),
        2 => Just(Target::OtherAccount),
        1 => Just(Target::Unknown),
        1 => Just(Target::Malformed),
    ];
    let parts = (target, any::<u16>(), prop::bool::weighted(0.1));
    parts
        .prop_map(|(target, index, swap_case)| Reference {
            target,
            index,
            swap_case,
        })
        .boxed()
}

pub fn one_of<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> BoxedStrategy<T> {
    select(values).boxed()
}

/// Mostly `good`, sometimes one of `bad`.
pub fn mostly(good: BoxedStrategy<Arg>, bad: Vec<Arg>) -> BoxedStrategy<Arg> {
    prop_oneof![30 => good, 1 => one_of(bad)].boxed()
}

pub fn literal(value: impl Into<Value>) -> Arg {
    Arg::Literal(value.into())
}

/// `text`, or null.
pub fn or_null(text: BoxedStrategy<Arg>) -> BoxedStrategy<Arg> {
    prop_oneof![4 => text, 1 => Just(literal(Value::Null))].boxed()
}

pub fn text() -> BoxedStrategy<Arg> {
    (
        vec(select(vocabulary::WORDS), 1..4),
        select(&[" ", ", ", " - ", "\u{2003}"][..]),
    )
        .prop_map(|(words, between)| literal(words.join(between)))
        .boxed()
}

pub fn name() -> BoxedStrategy<Arg> {
    let long = one_of(vec![Arg::Repeated("é", 255)]);
    let bad = vec![
        literal(""),
        literal(" \u{2003}"),
        literal("a\u{7}b"),
        literal(Value::Null),
        literal(json!(["x"])),
        Arg::Repeated("é", 256),
    ];
    mostly(prop_oneof![40 => text(), 1 => long].boxed(), bad)
}

pub fn description() -> BoxedStrategy<Arg> {
    let odd = one_of(vec![
        literal(""),
        literal("a\nb\t\"c\"\\ \u{7f}"),
        Arg::Repeated("é ", 5_000),
    ]);
    let good = or_null(prop_oneof![10 => text(), 1 => odd].boxed());
    mostly(good, vec![Arg::Repeated("é", 10_001), literal(json!(["x"]))])
}

pub fn url() -> BoxedStrategy<Arg> {
    let good = one_of(vec![
        literal("https://example.com/a.png"),
        literal("http://é.example/?q=1#f"),
    ]);
    mostly(
        or_null(good),
        vec![literal("/a.png"), literal("ftp://a/b"), literal("https://")],
    )
}

pub fn username() -> BoxedStrategy<Arg> {
    let good = one_of(vocabulary::USERNAMES.iter().map(|&name| literal(name)).collect());
    let long = one_of(vec![Arg::Repeated("u", 64)]);
    let bad = vec![
        literal(""),
        literal("a b"),
        literal("a\tb"),
        literal(Value::Null),
        Arg::Repeated("u", 65),
    ];
    mostly(prop_oneof![40 => good, 1 => long].boxed(), bad)
}

pub fn phone_number() -> BoxedStrategy<Arg> {
    let good = one_of(vec![
        literal("+1 212 555-0100"),
        literal("42"),
        literal(""),
        Arg::Repeated("1", 32),
    ]);
    mostly(or_null(good), vec![Arg::Repeated("1", 33), literal(json!(["x"]))])
}

pub fn display_name() -> BoxedStrategy<Arg> {
    let odd = one_of(vec![literal(""), Arg::Repeated("é", 255)]);
    mostly(
        or_null(prop_oneof![10 => text(), 1 => odd].boxed()),
        vec![Arg::Repeated("é", 256)],
    )
}

pub fn message() -> BoxedStrategy<Arg> {
    let odd = one_of(vec![
        literal("a\nb\t\"c\"\\ \u{7f}"),
        literal(" "),
        Arg::Repeated("é", 10_000),
    ]);
    let bad = vec![
        literal(""),
        literal(Value::Null),
        literal(json!(["x"])),
        Arg::Repeated("é", 10_001),
    ];
    mostly(prop_oneof![30 => text(), 1 => odd].boxed(), bad)
}

pub fn time() -> BoxedStrategy<Arg> {
    let times = [0_i64, 1, 1_700_000_000, 253_402_300_799];
    let good = one_of(times.into_iter().map(literal).collect());
    let bad = vec![
        literal(-1),
        literal(253_402_300_800_i64),
        literal("soon"),
        literal(true),
    ];
    mostly(prop_oneof![2 => good, 1 => Just(literal(Value::Null))].boxed(), bad)
}

pub fn flag() -> BoxedStrategy<Arg> {
    let good = one_of(vec![literal(true), literal(false)]);
    mostly(good, vec![literal(Value::Null), literal("yes"), literal(1)])
}

pub fn reactions() -> BoxedStrategy<Arg> {
    let reactors = || vec(select(&["KateMcCallister", "Zoë", "x y"][..]), 0..4);
    let reaction = || (select(&["red_angry_face", "heart", "é"][..]), reactors());
    let objects = vec(vec(reaction(), 1..3), 0..4).prop_map(|objects| {
        let object = |reactions: Vec<(&str, Vec<&str>)>| -> Value {
            let object = reactions.into_iter().map(|(name, by)| (name.to_owned(), json!(by)));
            Value::Object(object.collect())
        };
        literal(objects.into_iter().map(object).collect::<Vec<_>>())
    });
    let one = reaction().prop_map(|(name, by)| literal(json!({name: by})));
    let bad = vec![
        literal(Value::Null),
        literal("x"),
        literal(json!(["x"])),
        literal(json!([{"heart": "x"}])),
        literal(json!({"heart": ["x", ""]})),
        literal(json!([{"heart": ["x"]}, {"a\u{7}b": ["x"]}])),
    ];
    mostly(prop_oneof![3 => objects, 1 => one].boxed(), bad)
}

pub fn contacts() -> BoxedStrategy<Arg> {
    let extra = vec(
        prop_oneof![
            display_name().prop_map(|arg| ("display_name", arg)),
            phone_number().prop_map(|arg| ("phone_number", arg)),
            url().prop_map(|arg| ("avatar_url", arg)),
            Just(("id", literal(Value::Null))),
        ],
        0..3,
    );
    let named = (weighted(0.98, username()), extra).prop_map(|(username, mut properties)| {
        properties.extend(username.map(|username| ("username", username)));
        Item::Named(properties)
    });
    let odd = one_of(vec![
        literal(Value::Null),
        literal(json!(["x"])),
        literal(json!({"username": "x", "age": 7})),
    ]);
    let item = prop_oneof![
        20 => existing().prop_map(Item::Id),
        10 => existing().prop_map(Item::Object),
        20 => named,
        1 => odd.prop_map(|arg| match arg {
            Arg::Literal(value) => Item::Literal(value),
            _ => Item::Named(Vec::new()),
        }),
    ];
    let count = prop_oneof![10 => 0..5_usize, 2 => 5..8_usize];
    let items = count.prop_flat_map(move |count| vec(item.clone(), count));
    mostly(
        items.prop_map(Arg::Contacts).boxed(),
        vec![literal(Value::Null), literal(json!({"username": "x"})), literal("x")],
    )
}

pub fn id(kind: Kind, reference: BoxedStrategy<Reference>) -> BoxedStrategy<Arg> {
    reference.prop_map(move |reference| Arg::Id(kind, reference)).boxed()
}

pub fn query() -> BoxedStrategy<Arg> {
    let part = (select(vocabulary::WORDS), 1..7_usize).prop_map(|(word, length)| -> String {
        // A whole word or a prefix of one.
        word.chars().take(length).collect()
    });
    let good = vec(
        prop_oneof![8 => part.boxed(), 1 => select(vocabulary::OPERATORS).prop_map(str::to_owned).boxed()],
        1..3,
    );
    let bad = vec![
        literal(""),
        literal(" - "),
        Arg::Repeated("a", 256),
        Arg::Repeated("a ", 17),
    ];
    mostly(good.prop_map(|parts| literal(parts.join(" "))).boxed(), bad)
}
