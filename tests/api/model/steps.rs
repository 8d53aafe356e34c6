//! Steps: requests that name objects by their place among those there will be, so that a sequence can be made, shrunk
//! and repeated before there is any object.

use std::fmt;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::Value;

use super::objects::Kind;
use super::updates;
use super::values::{
    contacts, description, display_name, fitting, flag, id, is, living, message, mostly, name, one_of, or_null,
    phone_number, query, reactions, time, url, username,
};

/// A sequence: each step with whether it is the second account's, if there is one.
#[derive(Clone)]
pub struct Sequence {
    pub second: bool,
    pub steps: Vec<(bool, Step)>,
}

/// A step a line.
impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (second, step) in &self.steps {
            let whose = if self.second && *second { "second" } else { "first" };
            let step = format!("{step:?}");
            write!(f, "\n{whose}: {step}")?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub enum Step {
    List(Kind, Vec<(&'static str, Arg)>),
    Create(Kind, Body),
    Retrieve(Kind, Ref),
    Update {
        kind: Kind,
        of: Ref,
        method: &'static str,
        /// Whether all properties are sent back, but for those in `body`.
        whole: bool,
        body: Body,
    },
    Delete(Kind, Ref),
    ListMembers(Ref, Vec<(&'static str, Arg)>),
    AddMember(Ref, Ref),
    RemoveMember(Ref, Ref),
    Restart,
}

#[derive(Clone, Debug)]
pub struct Body {
    pub properties: Vec<(&'static str, Arg)>,
    pub form: bool,
}

/// The value of a property or a filter.
#[derive(Clone, Debug)]
pub enum Arg {
    Is(Value),
    /// A text so many times.
    Long(&'static str, usize),
    Id(Kind, Ref),
    Contacts(Vec<Item>),
    /// The value that the property has.
    Stored,
    /// Another value than the property has.
    Other,
}

/// An item of `contacts`.
#[derive(Clone, Debug)]
pub enum Item {
    Id(Ref),
    /// An object with the id, and others of its properties that do not count.
    Object(Ref),
    Named(Vec<(&'static str, Arg)>),
    Is(Value),
}

/// What an id names: the object at a place of those that there are, counted round.
#[derive(Clone, Debug)]
pub struct Ref {
    pub pick: Pick,
    pub at: u16,
    /// Whether it is spelled in the other letter case.
    pub swapped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// One that fits the request: a member, a message of the conversation.
    Fitting,
    Living,
    Deleted,
    OtherKind,
    OtherAccount,
    Unknown,
    Malformed,
}

/// Of sixty steps in the middle; the first of them make what the others need.
pub fn sequences() -> impl Strategy<Value = Sequence> {
    let steps = |often| {
        let whose = move || prop::bool::weighted(often);
        let (first, then) = (vec((whose(), create(0)), 0..=40), vec((whose(), step()), 0..=80));
        (first, then).prop_map(|(first, then)| [first, then].concat())
    };
    prop_oneof![
        3 => steps(0.0).prop_map(|steps| Sequence { second: false, steps }),
        1 => steps(0.3).prop_map(|steps| Sequence { second: true, steps }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => create(2),
        12 => kind().prop_flat_map(list),
        8 => (kind(), living()).prop_map(|(kind, of)| Step::Retrieve(kind, of)),
        26 => update(),
        7 => (deleted_kind(), living()).prop_map(|(kind, of)| Step::Delete(kind, of)),
        4 => (living(), page_of(fitting(), Kind::Contact)).prop_map(|(group, page)| Step::ListMembers(group, page)),
        8 => (living(), living()).prop_map(|(group, contact)| Step::AddMember(group, contact)),
        3 => (living(), fitting()).prop_map(|(group, contact)| Step::RemoveMember(group, contact)),
        1 => prop::bool::weighted(0.6).prop_map(|restart| match restart {
            true => Step::Restart,
            false => Step::List(Kind::Message, Vec::new()),
        }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    select(&Kind::ALL[..])
}

/// Messages go more often than what others hang on.
fn deleted_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![3 => Just(Kind::Message), 2 => Just(Kind::Conversation), 2 => Just(Kind::Contact), 1 => Just(Kind::Group)]
}

/// How often a property comes up among a kind's.
type Weighted = (u32, &'static str, BoxedStrategy<Arg>);

/// Properties that can be given or left out.
fn any_of(properties: Vec<Weighted>, most: usize) -> BoxedStrategy<Vec<(&'static str, Arg)>> {
    let named = |(weight, name, arg): Weighted| (weight, arg.prop_map(move |arg| (name, arg)).boxed());
    vec(
        Union::new_weighted(properties.into_iter().map(named).collect()),
        0..=most,
    )
    .boxed()
}

/// Something that nothing has.
fn unknown() -> Weighted {
    (1, "colour", Just(is("red")).boxed())
}

/// `conversations` is how often these are made, among ten messages.
fn create(conversations: u32) -> impl Strategy<Value = Step> {
    let of = |kind, required: Vec<(f64, &'static str, BoxedStrategy<Arg>)>, optional: Vec<Weighted>| {
        let start = Just(Vec::new()).boxed();
        let all = required.into_iter().fold(start, |all, (often, name, arg)| {
            let add = move |(mut all, arg): (Vec<_>, Option<Arg>)| {
                all.extend(arg.map(|arg| (name, arg)));
                all
            };
            (all, weighted(often, arg)).prop_map(add).boxed()
        });
        // Where there is nothing but what is unknown, it comes up seldom.
        let most = if optional.len() > 1 { 3 } else { 0 };
        let body = (all, any_of(optional, most), any::<bool>());
        body.prop_map(move |(mut properties, more, form)| {
            properties.extend(more);
            Step::Create(kind, Body { properties, form })
        })
        .boxed()
    };
    let contact = of(
        Kind::Contact,
        vec![(0.98, "username", username())],
        vec![
            (20, "phone_number", phone_number()),
            (20, "avatar_url", url()),
            (20, "display_name", display_name()),
            unknown(),
        ],
    );
    let group = of(
        Kind::Group,
        vec![(0.98, "name", name()), (0.7, "contacts", contacts())],
        vec![(20, "description", description()), (20, "avatar_url", url()), unknown()],
    );
    let conversation = |contact, group| {
        of(
            Kind::Conversation,
            vec![
                (contact, "contact_id", id(Kind::Contact, fitting())),
                (group, "group_id", id(Kind::Group, fitting())),
            ],
            vec![unknown()],
        )
    };
    let message = of(
        Kind::Message,
        vec![
            (0.99, "conversation_id", id(Kind::Conversation, living())),
            (0.99, "message", message()),
            (0.6, "contact_id", or_null(id(Kind::Contact, fitting()))),
        ],
        vec![unknown()],
    );
    prop_oneof![
        5 => contact,
        5 => group,
        conversations => conversation(0.97, 0.03),
        conversations => conversation(0.03, 0.97),
        10 => message,
    ]
}

fn update() -> impl Strategy<Value = Step> {
    let of = |kind: Kind, properties: Vec<Weighted>| {
        let (_, read_only) = updates::properties(kind);
        let mut all = properties;
        for &name in read_only {
            all.push((
                2,
                name,
                prop_oneof![3 => Just(Arg::Stored), 1 => Just(Arg::Other)].boxed(),
            ));
        }
        all.push(unknown());
        let method = select(&["PUT", "PATCH"][..]);
        let parts = (
            living(),
            method,
            prop::bool::weighted(0.15),
            any_of(all, 4),
            any::<bool>(),
        );
        parts
            .prop_map(move |(of, method, whole, properties, form)| Step::Update {
                kind,
                of,
                method,
                whole,
                body: Body { properties, form },
            })
            .boxed()
    };
    let contact = of(
        Kind::Contact,
        vec![
            (30, "username", username()),
            (15, "phone_number", phone_number()),
            (15, "avatar_url", url()),
            (15, "display_name", display_name()),
        ],
    );
    let group = of(
        Kind::Group,
        vec![
            (15, "name", name()),
            (15, "description", description()),
            (10, "avatar_url", url()),
            (25, "contacts", contacts()),
            (15, "archived_at", time()),
        ],
    );
    let conversation = of(
        Kind::Conversation,
        vec![
            (30, "pinned_message_id", or_null(id(Kind::Message, fitting()))),
            (15, "is_pinned", flag()),
            (15, "is_muted", flag()),
            (10, "last_opened_at", time()),
            (15, "archived_at", time()),
        ],
    );
    let message = of(
        Kind::Message,
        vec![
            (
                20,
                "message",
                prop_oneof![4 => message(), 1 => Just(Arg::Stored)].boxed(),
            ),
            (30, "reactions", reactions()),
            (15, "read_at", time()),
        ],
    );
    prop_oneof![2 => contact, 3 => group, 3 => conversation, 3 => message]
}

/// A page of a list whose cursors are `cursor`.
fn page_of(cursor: BoxedStrategy<Ref>, kind: Kind) -> BoxedStrategy<Vec<(&'static str, Arg)>> {
    let limit = mostly(
        one_of(["1", "2", "3", "5", "100"].map(is).to_vec()),
        ["0", "101", "-1", "x", ""].map(is).to_vec(),
    );
    let cursors = prop_oneof![
        20 => Just(Vec::new()),
        20 => id(kind, cursor.clone()).prop_map(|arg| vec![("starting_after", arg)]),
        20 => id(kind, cursor.clone()).prop_map(|arg| vec![("ending_before", arg)]),
        1 => (id(kind, cursor.clone()), id(kind, cursor)).prop_map(|(after, before)| {
            vec![("starting_after", after), ("ending_before", before)]
        }),
    ];
    let colour = weighted(0.01, Just(("colour", is("red"))));
    (weighted(0.7, limit), cursors, colour)
        .prop_map(|(limit, mut page, colour)| {
            page.extend(limit.map(|limit| ("limit", limit)));
            page.extend(colour);
            page
        })
        .boxed()
}

fn list(kind: Kind) -> BoxedStrategy<Step> {
    let switch = || mostly(one_of(vec![is("true"), is("false")]), vec![is("1"), is("")]);
    let filters = match kind {
        Kind::Contact => vec![("username", username()), ("query", query())],
        Kind::Group => vec![
            ("archived", switch()),
            ("contact_id", id(Kind::Contact, living())),
            ("query", query()),
        ],
        Kind::Conversation => vec![
            ("archived", switch()),
            ("muted", switch()),
            ("pinned", switch()),
            ("group_id", id(Kind::Group, living())),
            ("contact_id", id(Kind::Contact, living())),
        ],
        Kind::Message => vec![
            ("conversation_id", id(Kind::Conversation, living())),
            ("query", query()),
        ],
    };
    let start = page_of(living(), kind);
    let all = filters.into_iter().fold(start, |all, (name, arg)| {
        let add = move |(mut all, arg): (Vec<_>, Option<Arg>)| {
            all.extend(arg.map(|arg| (name, arg)));
            all
        };
        (all, weighted(0.35, arg)).prop_map(add).boxed()
    });
    all.prop_map(move |query| Step::List(kind, query)).boxed()
}
