//! Listing conversations, compared with a model of their owners and flags.

use proptest::prelude::*;
use serde_json::json;

use crate::harness::{TestServer, ids, text};

/// The expected state of a conversation.
#[derive(Clone, Debug)]
struct Model {
    id: String,
    /// The property that names the owner, `group_id` or `contact_id`, and its value.
    owner: (&'static str, String),
    archived: bool,
    muted: bool,
    pinned: bool,
}

/// The 27 combinations of the three boolean filters, each with its predicate.
fn filters() -> Vec<(String, impl Fn(&Model) -> bool)> {
    let values = [None, Some(true), Some(false)];
    let mut filters = Vec::new();
    for archived in values {
        for muted in values {
            for pinned in values {
                let wanted = [("archived", archived), ("muted", muted), ("pinned", pinned)];
                let parameters = wanted
                    .iter()
                    .filter_map(|(name, value)| Some(format!("&{name}={}", (*value)?)));
                filters.push((parameters.collect(), move |model: &Model| {
                    let has = [model.archived, model.muted, model.pinned];
                    wanted
                        .iter()
                        .zip(has)
                        .all(|((_, wanted), has)| wanted.is_none_or(|wanted| wanted == has))
                }));
            }
        }
    }
    filters
}

/// The list's path with a query that more parameters can be appended to.
fn list_path(filter: &str) -> String {
    match filter.strip_prefix('&') {
        Some(filter) => format!("/v1/conversations?{filter}"),
        None => "/v1/conversations?".to_owned(),
    }
}

/// Sets a conversation's flags to those of the model.
fn set_flags(server: &TestServer, token: &str, model: &Model) {
    let archived_at = model.archived.then_some(5);
    let flags = json!({"archived_at": archived_at, "is_muted": model.muted, "is_pinned": model.pinned});
    let path = format!("/v1/conversations/{}", model.id);
    let response = server.request("PATCH", &path).token(token).json(&flags).send();
    assert_eq!(response.status, 200, "{}", response.text);
}

/// Creates a group or a contact, whose conversation gets the flags.
fn create_owner(server: &TestServer, token: &str, is_group: bool, n: usize, flags: u8) -> Model {
    let (path, body, name) = match is_group {
        true => ("/v1/groups", json!({"name": "x"}), "group_id"),
        false => ("/v1/contacts", json!({"username": format!("u{n}")}), "contact_id"),
    };
    let owner = server.request("POST", path).token(token).json(&body).send().json();
    let model = Model {
        id: text(&owner["conversation_id"]),
        owner: (name, text(&owner["id"])),
        archived: flags & 1 != 0,
        muted: flags & 2 != 0,
        pinned: flags & 4 != 0,
    };
    set_flags(server, token, &model);
    model
}

#[test]
fn every_combination_of_filters_returns_exactly_the_matching_conversations() {
    let server = TestServer::start();
    let token = server.token.clone();
    // All eight combinations of flags, for groups and for contacts, in mixed order of creation.
    let mut conversations: Vec<Model> = (0..16_u8)
        .map(|n| create_owner(&server, &token, n % 2 == 0, n.into(), n.wrapping_mul(5) >> 1))
        .collect();
    conversations.reverse();
    let all: Vec<String> = conversations.iter().map(|model| model.id.clone()).collect();
    for (filter, is_match) in filters() {
        let shown: Vec<String> = conversations
            .iter()
            .filter(|model| is_match(model))
            .map(|model| model.id.clone())
            .collect();
        assert!(!shown.is_empty());
        server.assert_pages(&token, &list_path(&filter), &all, &shown, 3);
        for model in &conversations {
            let (name, id) = &model.owner;
            let list = server.get(&format!("/v1/conversations?{name}={id}{filter}")).json();
            let expected: &[String] = if is_match(model) {
                std::slice::from_ref(&model.id)
            } else {
                &[]
            };
            assert_eq!(
                (ids(&list), &list["has_more"]),
                (expected.to_vec(), &json!(false)),
                "{name} {filter}"
            );
        }
        let (one, other) = (&conversations[0].owner, &conversations[1].owner);
        let both = server.get(&format!(
            "/v1/conversations?{}={}&{}={}{filter}",
            one.0, one.1, other.0, other.1
        ));
        assert_eq!(
            both.json(),
            json!({"has_more": false, "data": []}),
            "no conversation has two owners"
        );
    }
    // With an owner filter, too, the cursor can be any conversation.
    let oldest = conversations.last().unwrap();
    let (name, id) = &oldest.owner;
    server.assert_pages(
        &token,
        &format!("/v1/conversations?{name}={id}"),
        &all,
        std::slice::from_ref(&oldest.id),
        1,
    );
}

#[derive(Clone, Debug)]
enum Step {
    Create {
        is_group: bool,
        flags: u8,
    },
    /// Sets the flags of the conversation at this position, modulo their number.
    Flag {
        position: usize,
        flags: u8,
    },
    /// Deletes the conversation at this position.
    Delete(usize),
    /// Deletes the conversation at this position and creates a new one for its owner.
    Recreate(usize),
    /// Deletes the owner of the conversation at this position.
    DeleteOwner(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any::<bool>(), 0..8_u8).prop_map(|(is_group, flags)| Step::Create { is_group, flags }),
        3 => (any::<usize>(), 0..8_u8).prop_map(|(position, flags)| Step::Flag { position, flags }),
        1 => any::<usize>().prop_map(Step::Delete),
        2 => any::<usize>().prop_map(Step::Recreate),
        1 => any::<usize>().prop_map(Step::DeleteOwner),
    ];
    proptest::collection::vec(step, 1..24)
}

/// Runs a step on the server and on the models.
fn run(server: &TestServer, token: &str, n: usize, step: &Step, models: &mut Vec<Model>) {
    let delete = |path: String| {
        let response = server.request("DELETE", &path).token(token).send();
        assert_eq!(response.status, 204, "{path}: {}", response.text);
    };
    let position = match step {
        Step::Create { is_group, flags } => return models.push(create_owner(server, token, *is_group, n, *flags)),
        Step::Flag { position, .. }
        | Step::Delete(position)
        | Step::Recreate(position)
        | Step::DeleteOwner(position) => position,
    };
    if models.is_empty() {
        return;
    }
    let position = position % models.len();
    if let Step::Flag { flags, .. } = step {
        let model = &mut models[position];
        (model.archived, model.muted, model.pinned) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        return set_flags(server, token, model);
    }
    let model = models.remove(position);
    let (name, id) = model.owner;
    if let Step::DeleteOwner(_) = step {
        return delete(format!("/v1/{}s/{id}", name.trim_end_matches("_id")));
    }
    delete(format!("/v1/conversations/{}", model.id));
    if let Step::Recreate(_) = step {
        let created = server
            .request("POST", "/v1/conversations")
            .token(token)
            .json(&json!({name: id}));
        let id = (name, id);
        let conversation = created.send().json();
        models.push(Model {
            id: text(&conversation["id"]),
            owner: id,
            archived: false,
            muted: false,
            pinned: false,
        });
    }
}

#[test]
fn the_list_matches_the_model_after_any_sequence_of_changes() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    proptest!(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        count.set(count.get() + 1);
        let token = server.create_account(&format!("account {}", count.get()));
        let mut models = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            run(&server, &token, n, step, &mut models);
        }
        let all: Vec<String> = models.iter().rev().map(|model| model.id.clone()).collect();
        for (filter, is_match) in filters() {
            let shown: Vec<String> = models.iter().rev().filter(|model| is_match(model)).map(|model| model.id.clone()).collect();
            server.assert_pages(&token, &list_path(&filter), &all, &shown, 2);
        }
    });
}
