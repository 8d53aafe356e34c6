//! Steps refer to objects by position among those that will exist, so a sequence can be generated, shrunk and repeated
//! before there is any object.

use std::fmt;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::Value;

use super::state::Kind;
use super::strategies::{
    contacts, description, display_name, existing, flag, id, literal, message, mostly, name, one_of, or_null,
    phone_number, query, reactions, suitable, time, url, username,
};
use super::update;

/// A sequence of steps, each with whether the second account makes it, if there are two.
#[derive(Clone)]
pub struct Sequence {
    pub two_accounts: bool,
    pub steps: Vec<(bool, Step)>,
}

/// One step per line.
impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (by_second, step) in &self.steps {
            let account = if self.two_accounts && *by_second {
                "second"
            } else {
                "first"
            };
            let step = format!("{step:?}");
            write!(f, "\n{account}: {step}")?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub enum Step {
    List(Kind, Vec<(&'static str, Arg)>),
    Create(Kind, Body),
    Retrieve(Kind, Reference),
    Update {
        kind: Kind,
        of: Reference,
        method: &'static str,
        /// Whether to send back the whole object, overwritten with the properties in `body`.
        whole: bool,
        body: Body,
    },
    Delete(Kind, Reference),
    ListMembers(Reference, Vec<(&'static str, Arg)>),
    AddMember(Reference, Reference),
    RemoveMember(Reference, Reference),
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
    Literal(Value),
    /// A string repeated a number of times.
    Repeated(&'static str, usize),
    Id(Kind, Reference),
    Contacts(Vec<Item>),
    /// The property's present value.
    Stored,
    /// A value other than the property's present one.
    Other,
}

/// An item of `contacts`.
#[derive(Clone, Debug)]
pub enum Item {
    Id(Reference),
    /// An object with an id, and other properties that must be ignored.
    Object(Reference),
    Named(Vec<(&'static str, Arg)>),
    Literal(Value),
}

/// Resolves to an id: the object at a position among the candidates, modulo their number.
#[derive(Clone, Debug)]
pub struct Reference {
    pub target: Target,
    pub index: u16,
    /// Whether to swap the case of its letters.
    pub swap_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An object that suits the request: a member, a message of the conversation.
    Suitable,
    Existing,
    Deleted,
    OtherKind,
    OtherAccount,
    Unknown,
    Malformed,
}

/// Sequences of sixty steps on average. The first steps create what the others need.
pub fn sequences() -> impl Strategy<Value = Sequence> {
    let steps = |second_account| {
        let by_second = move || prop::bool::weighted(second_account);
        let first = vec((by_second(), create(0)), 0..=40);
        let then = vec((by_second(), step()), 0..=80);
        (first, then).prop_map(|(first, then)| [first, then].concat())
    };
    prop_oneof![
        3 => steps(0.0).prop_map(|steps| Sequence { two_accounts: false, steps }),
        1 => steps(0.3).prop_map(|steps| Sequence { two_accounts: true, steps }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => create(2),
        12 => kind().prop_flat_map(list),
        8 => (kind(), existing()).prop_map(|(kind, of)| Step::Retrieve(kind, of)),
        26 => update(),
        7 => (deleted_kind(), existing()).prop_map(|(kind, of)| Step::Delete(kind, of)),
        4 => (existing(), page_of(suitable(), Kind::Contact)).prop_map(|(group, page)| Step::ListMembers(group, page)),
        8 => (existing(), existing()).prop_map(|(group, contact)| Step::AddMember(group, contact)),
        3 => (existing(), suitable()).prop_map(|(group, contact)| Step::RemoveMember(group, contact)),
        1 => prop::bool::weighted(0.6).prop_map(|restart| match restart {
            true => Step::Restart,
            false => Step::List(Kind::Message, Vec::new()),
        }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    select(&Kind::ALL[..])
}

/// Messages most often: deleting a group or contact takes more with it.
fn deleted_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![3 => Just(Kind::Message), 2 => Just(Kind::Conversation), 2 => Just(Kind::Contact), 1 => Just(Kind::Group)]
}

/// A property with its weight among those of its kind.
type Weighted = (u32, &'static str, BoxedStrategy<Arg>);

/// Up to `most` of the properties.
fn any_of(properties: Vec<Weighted>, most: usize) -> BoxedStrategy<Vec<(&'static str, Arg)>> {
    let named = |(weight, name, arg): Weighted| (weight, arg.prop_map(move |arg| (name, arg)).boxed());
    vec(
        Union::new_weighted(properties.into_iter().map(named).collect()),
        0..=most,
    )
    .boxed()
}

/// A property that no resource has.
fn unknown() -> Weighted {
    (1, "colour", Just(literal("red")).boxed())
}

/// A create. `conversations` is the weight of each kind of conversation; that of a message is 10.
fn create(conversations: u32) -> impl Strategy<Value = Step> {
    let of = |kind, required: Vec<(f64, &'static str, BoxedStrategy<Arg>)>, optional: Vec<Weighted>| {
        let start = Just(Vec::new()).boxed();
        let all = required.into_iter().fold(start, |all, (probability, name, arg)| {
            let add = move |(mut all, arg): (Vec<_>, Option<Arg>)| {
                all.extend(arg.map(|arg| (name, arg)));
                all
            };
            (all, weighted(probability, arg)).prop_map(add).boxed()
        });
        // Keeps the unknown property rare where it is the only optional one.
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
                (contact, "contact_id", id(Kind::Contact, suitable())),
                (group, "group_id", id(Kind::Group, suitable())),
            ],
            vec![unknown()],
        )
    };
    let message = of(
        Kind::Message,
        vec![
            (0.99, "conversation_id", id(Kind::Conversation, existing())),
            (0.99, "message", message()),
            (0.6, "contact_id", or_null(id(Kind::Contact, suitable()))),
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

/// An update of a kind of object. Adds its read-only properties to `properties`.
fn update_of(kind: Kind, properties: Vec<Weighted>) -> BoxedStrategy<Step> {
    let (_, read_only) = update::properties(kind);
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
        existing(),
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
}

fn update() -> impl Strategy<Value = Step> {
    let contact = update_of(
        Kind::Contact,
        vec![
            (30, "username", username()),
            (15, "phone_number", phone_number()),
            (15, "avatar_url", url()),
            (15, "display_name", display_name()),
        ],
    );
    let group = update_of(
        Kind::Group,
        vec![
            (15, "name", name()),
            (15, "description", description()),
            (10, "avatar_url", url()),
            (25, "contacts", contacts()),
            (15, "archived_at", time()),
        ],
    );
    let conversation = update_of(
        Kind::Conversation,
        vec![
            (30, "pinned_message_id", or_null(id(Kind::Message, suitable()))),
            (15, "is_pinned", flag()),
            (15, "is_muted", flag()),
            (10, "last_opened_at", time()),
            (15, "archived_at", time()),
        ],
    );
    let message = update_of(
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

/// The pagination parameters of a list whose cursors `cursor` generates.
fn page_of(cursor: BoxedStrategy<Reference>, kind: Kind) -> BoxedStrategy<Vec<(&'static str, Arg)>> {
    let limit = mostly(
        one_of(["1", "2", "3", "5", "100"].map(literal).to_vec()),
        ["0", "101", "-1", "x", ""].map(literal).to_vec(),
    );
    let cursors = prop_oneof![
        20 => Just(Vec::new()),
        20 => id(kind, cursor.clone()).prop_map(|arg| vec![("starting_after", arg)]),
        20 => id(kind, cursor.clone()).prop_map(|arg| vec![("ending_before", arg)]),
        1 => (id(kind, cursor.clone()), id(kind, cursor)).prop_map(|(after, before)| {
            vec![("starting_after", after), ("ending_before", before)]
        }),
    ];
    let colour = weighted(0.01, Just(("colour", literal("red"))));
    (weighted(0.7, limit), cursors, colour)
        .prop_map(|(limit, mut page, colour)| {
            page.extend(limit.map(|limit| ("limit", limit)));
            page.extend(colour);
            page
        })
        .boxed()
}

fn list(kind: Kind) -> BoxedStrategy<Step> {
    let switch = || {
        mostly(
            one_of(["true", "false", "True", "FALSE", "1", "0"].map(literal).into()),
            vec![literal("1"), literal("")],
        )
    };
    let filters = match kind {
        Kind::Contact => vec![("username", username()), ("query", query())],
        Kind::Group => vec![
            ("archived", switch()),
            ("contact_id", id(Kind::Contact, existing())),
            ("query", query()),
        ],
        Kind::Conversation => vec![
            ("archived", switch()),
            ("muted", switch()),
            ("pinned", switch()),
            ("group_id", id(Kind::Group, existing())),
            ("contact_id", id(Kind::Contact, existing())),
        ],
        Kind::Message => vec![
            ("conversation_id", id(Kind::Conversation, existing())),
            ("query", query()),
        ],
    };
    let start = page_of(existing(), kind);
    let all = filters.into_iter().fold(start, |all, (name, arg)| {
        let add = move |(mut all, arg): (Vec<_>, Option<Arg>)| {
            all.extend(arg.map(|arg| (name, arg)));
            all
        };
        (all, weighted(0.35, arg)).prop_map(add).boxed()
    });
    all.prop_map(move |query| Step::List(kind, query)).boxed()
}
