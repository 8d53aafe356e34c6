//! The resources in SQL: the table, the rows that exist and the JSON object of each kind. Lookup, lists, export, import and
//! `check` are made of this.

use crate::types::kind::Kind;

/// The SQL of a contact object, of a row `c`; also inside a group's and a message's. It is a generated column.
macro_rules! contact_object {
    () => {
        "c.object"
    };
}

/// The SQL of the members of a group `o`, as the text of an array. CROSS JOIN makes SQLite walk `members` by its key, and so
/// in the group's order.
macro_rules! members_array {
    () => {
        concat!(
            "(SELECT '[' || coalesce(group_concat(",
            contact_object!(),
            "), '') || ']' FROM members m CROSS JOIN contacts c ON c.pk = m.contact_pk WHERE m.group_pk = o.pk)"
        )
    };
}

/// The SQL of a group object, of a row `o`: two objects with the array of its members between their braces. Inside one
/// object, the array's text would be parsed.
macro_rules! group_object {
    () => {
        concat!(
            "rtrim(json_object(
        'id', o.id,
        'name', o.name,
        'description', o.description,
        'avatar_url', o.avatar_url,
        'conversation_id', o.conversation_id), '}') || ',\"contacts\":' || ",
            members_array!(),
            " || ',' || ltrim(json_object(
        'created_at', o.created_at,
        'archived_at', o.archived_at), '{')"
        )
    };
}

/// The SQL of a conversation object, of a row `o`.
macro_rules! conversation_object {
    () => {
        "json_object(
            'id', o.id,
            'contact_id', (SELECT id FROM contacts WHERE pk = o.contact_pk),
            'group_id', (SELECT id FROM groups WHERE pk = o.group_pk),
            'pinned_message_id', o.pinned_message_id,
            'is_pinned', json(iif(o.is_pinned, 'true', 'false')),
            'is_muted', json(iif(o.is_muted, 'true', 'false')),
            'last_active_at', o.last_active_at,
            'last_opened_at', o.last_opened_at,
            'created_at', o.created_at,
            'archived_at', o.archived_at)"
    };
}

/// The SQL of a message object, of a row `o` and its conversation's `v`.
macro_rules! message_object {
    () => {
        concat!(
            "json_object(
        'id', o.id,
        'conversation_id', v.id,
        'contact', (SELECT json(",
            contact_object!(),
            ") FROM contacts c WHERE c.pk = o.contact_pk),
        'message', o.message,
        'reactions', json(o.reactions),
        'read_at', o.read_at,
        'created_at', o.created_at,
        'updated_at', o.updated_at)"
        )
    };
}

/// The SQL of the messages that exist: those whose conversation does.
macro_rules! messages {
    () => {
        "messages o CROSS JOIN conversations v ON v.pk = o.conversation_pk"
    };
}
pub(super) use messages;

/// A kind of object in SQL.
pub struct Resource {
    pub kind: Kind,
    pub table: &'static str,
    /// The expression of an object's JSON.
    pub object: &'static str,
    /// Selects the key of the object with the id `?1` of the account `?2`.
    pub find: &'static str,
    /// Selects the JSON of the object with the id `?1` of the account `?2`.
    pub retrieve: &'static str,
    /// Selects the JSON of all objects of the account `?1`, the oldest first.
    pub export: &'static str,
    /// Selects the key and the account of the object with the id `?1`, whoever owns it.
    pub owner: &'static str,
    /// Deletes the row with the key `?1`.
    pub delete: &'static str,
}

macro_rules! resource {
    ($kind:expr, $table:literal, $row:literal, $from:expr, $object:expr) => {
        Resource {
            kind: $kind,
            table: $table,
            object: $object,
            find: concat!(
                "SELECT ",
                $row,
                ".pk FROM ",
                $from,
                " WHERE ",
                $row,
                ".id = ?1 AND ",
                $row,
                ".account = ?2"
            ),
            retrieve: concat!(
                "SELECT ",
                $object,
                " FROM ",
                $from,
                " WHERE ",
                $row,
                ".id = ?1 AND ",
                $row,
                ".account = ?2"
            ),
            export: concat!(
                "SELECT ",
                $object,
                " FROM ",
                $from,
                " WHERE ",
                $row,
                ".account = ?1 ORDER BY ",
                $row,
                ".pk"
            ),
            owner: concat!("SELECT pk, account FROM ", $table, " WHERE id = ?1"),
            delete: concat!("DELETE FROM ", $table, " WHERE pk = ?1"),
        }
    };
}

static CONTACTS: Resource = resource!(Kind::Contact, "contacts", "c", "contacts c", contact_object!());
static GROUPS: Resource = resource!(Kind::Group, "groups", "o", "groups o", group_object!());
static CONVERSATIONS: Resource = resource!(
    Kind::Conversation,
    "conversations",
    "o",
    "conversations o",
    conversation_object!()
);
static MESSAGES: Resource = resource!(Kind::Message, "messages", "o", messages!(), message_object!());

impl Resource {
    /// All of them. Each refers only to those before it, so that this is the order of an export.
    pub const ALL: [&'static Resource; 4] = [&CONTACTS, &GROUPS, &CONVERSATIONS, &MESSAGES];

    pub fn of(kind: Kind) -> &'static Resource {
        match kind {
            Kind::Contact => &CONTACTS,
            Kind::Group => &GROUPS,
            Kind::Conversation => &CONVERSATIONS,
            Kind::Message => &MESSAGES,
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::SCHEMA;

    /// What a new kind still lacks: `Resource::of` does not compile without its SQL.
    #[test]
    fn every_kind_is_exported_and_has_a_table_with_an_id_and_an_account() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(SCHEMA.definition).unwrap();
        for kind in Kind::ALL {
            let resource = Resource::of(kind);
            assert_eq!(resource.kind, kind, "Resource::of has another kind's resource");
            let exported = Resource::ALL.iter().filter(|other| other.kind == kind).count();
            assert_eq!(exported, 1, "Resource::ALL must list {kind:?} once");
            for sql in [
                resource.find,
                resource.retrieve,
                resource.export,
                resource.owner,
                resource.delete,
            ] {
                conn.prepare(sql).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            }
        }
    }
}
