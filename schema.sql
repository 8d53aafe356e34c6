-- The whole current schema of a groups-server file. A new file is created from this; an older one reaches the same schema
-- by the migrations that src/store/schema.rs lists, each in one transaction. The same code sets PRAGMA application_id
-- ("GRPS") and user_version.
--
-- `pk` is internal: the order of creation, the cursor of every list and the key that rows refer to each other by. `id` is
-- public: 16 characters of [A-Za-z0-9], unique and looked up ignoring letter case (NOCASE folds ASCII). Times are whole
-- UNIX seconds. Lengths are bounded here a second time, after src/types/text.rs.
--
-- A deleted conversation's messages, a deleted group's members and a deleted contact's memberships disappear at once
-- because the row that they belong to does: every query joins it. The rows themselves are purged later, in small steps
-- (src/store/purge.rs).

CREATE TABLE accounts (
    pk         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;

-- Only the SHA-256 of a token is stored. A revoked token stays listed.
CREATE TABLE tokens (
    pk          INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account     INTEGER NOT NULL REFERENCES accounts (pk),
    hash        BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    name        TEXT             CHECK (length(name) BETWEEN 1 AND 255),
    read_only   INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    -- The bootstrap token: at most one, replaced when a start gives another.
    environment INTEGER NOT NULL DEFAULT 0 CHECK (environment IN (0, 1)),
    created_at  INTEGER NOT NULL CHECK (created_at >= 0),
    expires_at  INTEGER          CHECK (expires_at >= 0),
    revoked_at  INTEGER          CHECK (revoked_at >= 0)
) STRICT;
CREATE INDEX tokens_account ON tokens (account);
CREATE UNIQUE INDEX tokens_environment ON tokens (environment) WHERE environment = 1;

CREATE TABLE contacts (
    pk             INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account        INTEGER NOT NULL REFERENCES accounts (pk),
    username       TEXT    NOT NULL COLLATE NOCASE CHECK (length(username) BETWEEN 1 AND 64),
    phone_number   TEXT             CHECK (length(phone_number) <= 32),
    avatar_url     TEXT             CHECK (octet_length(avatar_url) <= 2048),
    display_name   TEXT             CHECK (length(display_name) <= 255),
    -- A copy of conversations.id, maintained by the triggers below: a page of groups contains many contacts.
    conversation_id TEXT            COLLATE NOCASE,
    last_active_at INTEGER          CHECK (last_active_at >= 0),
    created_at     INTEGER NOT NULL CHECK (created_at >= 0),
    -- The contact as the API returns it: rendered when it is written, because a page of groups reads dozens.
    object         TEXT    NOT NULL GENERATED ALWAYS AS (json_object(
        'id', id,
        'username', username,
        'phone_number', phone_number,
        'avatar_url', avatar_url,
        'display_name', display_name,
        'conversation_id', conversation_id,
        'last_active_at', last_active_at,
        'created_at', created_at)) STORED
) STRICT;
CREATE UNIQUE INDEX contacts_username ON contacts (account, username);
CREATE INDEX contacts_all ON contacts (account);

CREATE TABLE groups (
    pk          INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account     INTEGER NOT NULL REFERENCES accounts (pk),
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    description TEXT             CHECK (length(description) <= 10000),
    avatar_url  TEXT             CHECK (octet_length(avatar_url) <= 2048),
    -- A copy of conversations.id, as in contacts.
    conversation_id TEXT         COLLATE NOCASE,
    created_at  INTEGER NOT NULL CHECK (created_at >= 0),
    archived_at INTEGER          CHECK (archived_at >= 0)
) STRICT;
-- Each index ends in the implicit pk, so a page is a range of one of them, or a merge of both.
CREATE INDEX groups_archived ON groups (account) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_active ON groups (account) WHERE archived_at IS NULL;

-- The members of a group in the order given: WITHOUT ROWID, so that a group's members are stored together. `group_pk` and
-- `contact_pk` may be those of a deleted group or contact: a row counts only if both exist.
CREATE TABLE members (
    group_pk   INTEGER NOT NULL,
    position   INTEGER NOT NULL CHECK (position >= 0),
    contact_pk INTEGER NOT NULL,
    PRIMARY KEY (group_pk, position)
) STRICT, WITHOUT ROWID;
-- A contact is in a group once; also the path from a contact to its groups.
CREATE UNIQUE INDEX members_contact ON members (contact_pk, group_pk);

-- A conversation belongs to one group or one contact, and each has at most one.
CREATE TABLE conversations (
    pk         INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account    INTEGER NOT NULL REFERENCES accounts (pk),
    group_pk   INTEGER REFERENCES groups (pk) ON DELETE CASCADE,
    contact_pk INTEGER REFERENCES contacts (pk) ON DELETE CASCADE,
    created_at INTEGER NOT NULL CHECK (created_at >= 0),
    -- The id of one of its messages; a trigger sets it to NULL when that message is deleted or moved (by an import).
    pinned_message_id TEXT COLLATE NOCASE,
    is_pinned  INTEGER NOT NULL DEFAULT 0 CHECK (is_pinned IN (0, 1)),
    is_muted   INTEGER NOT NULL DEFAULT 0 CHECK (is_muted IN (0, 1)),
    last_active_at INTEGER CHECK (last_active_at >= 0),
    last_opened_at INTEGER CHECK (last_opened_at >= 0),
    archived_at INTEGER CHECK (archived_at >= 0),
    CHECK ((group_pk IS NULL) <> (contact_pk IS NULL))
) STRICT;
CREATE UNIQUE INDEX conversations_group ON conversations (group_pk) WHERE group_pk IS NOT NULL;
CREATE UNIQUE INDEX conversations_contact ON conversations (contact_pk) WHERE contact_pk IS NOT NULL;
CREATE INDEX conversations_all ON conversations (account);
-- A filtered page merges the ranges of this index that its filters allow, up to eight.
CREATE INDEX conversations_flags ON conversations (account, (archived_at IS NOT NULL), is_muted, is_pinned);

-- `conversation_pk` and `contact_pk` may be those of a deleted conversation or contact: a message exists only if its
-- conversation does, and a sender that does not exist counts as NULL.
CREATE TABLE messages (
    pk              INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account         INTEGER NOT NULL REFERENCES accounts (pk),
    conversation_pk INTEGER NOT NULL,
    -- The sender; NULL: the account's owner.
    contact_pk      INTEGER,
    message         TEXT    NOT NULL CHECK (length(message) BETWEEN 1 AND 10000),
    -- JSON as the API returns it: [{"red_angry_face": ["KateMcCallister"]}].
    reactions       TEXT    NOT NULL DEFAULT '[]' CHECK (json_type(reactions) = 'array'),
    read_at         INTEGER          CHECK (read_at >= 0),
    created_at      INTEGER NOT NULL CHECK (created_at >= 0),
    updated_at      INTEGER          CHECK (updated_at >= 0)
) STRICT;
-- With the conversation, so that messages of a deleted one are skipped without reading their rows.
CREATE INDEX messages_all ON messages (account, pk, conversation_pk);
CREATE INDEX messages_conversation ON messages (conversation_pk);
CREATE INDEX messages_contact ON messages (contact_pk) WHERE contact_pk IS NOT NULL;

-- Responses to requests with an Idempotency-Key, stored for a day and replayed to the same request.
CREATE TABLE idempotency_keys (
    pk          INTEGER PRIMARY KEY,
    account     INTEGER NOT NULL REFERENCES accounts (pk),
    key         TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    status      INTEGER NOT NULL CHECK (status BETWEEN 200 AND 499),
    location    TEXT,
    body        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL CHECK (created_at >= 0),
    UNIQUE (account, key)
) STRICT;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- What is still to be purged. Meanwhile, no new conversation, group or contact gets one of these keys.
CREATE TABLE deleted_conversations (pk INTEGER PRIMARY KEY) STRICT;
CREATE TABLE deleted_groups (pk INTEGER PRIMARY KEY) STRICT;
CREATE TABLE deleted_contacts (pk INTEGER PRIMARY KEY) STRICT;

-- Groups and contacts have a copy of their conversation's id, which these triggers maintain.
CREATE TRIGGER conversations_made AFTER INSERT ON conversations BEGIN
    UPDATE groups SET conversation_id = NEW.id WHERE pk = NEW.group_pk;
    UPDATE contacts SET conversation_id = NEW.id WHERE pk = NEW.contact_pk;
END;
CREATE TRIGGER conversations_deleted AFTER DELETE ON conversations BEGIN
    UPDATE groups SET conversation_id = NULL WHERE pk = OLD.group_pk;
    UPDATE contacts SET conversation_id = NULL WHERE pk = OLD.contact_pk;
    INSERT INTO deleted_conversations
        SELECT OLD.pk WHERE EXISTS (SELECT 1 FROM messages WHERE conversation_pk = OLD.pk);
END;
CREATE TRIGGER groups_deleted AFTER DELETE ON groups BEGIN
    INSERT INTO deleted_groups
        SELECT OLD.pk WHERE EXISTS (SELECT 1 FROM members WHERE group_pk = OLD.pk);
END;
CREATE TRIGGER contacts_deleted AFTER DELETE ON contacts BEGIN
    INSERT INTO deleted_contacts
        SELECT OLD.pk WHERE EXISTS (SELECT 1 FROM members WHERE contact_pk = OLD.pk)
                         OR EXISTS (SELECT 1 FROM messages WHERE contact_pk = OLD.pk);
END;
CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
    UPDATE conversations SET pinned_message_id = NULL WHERE pk = OLD.conversation_pk AND pinned_message_id = OLD.id;
END;
CREATE TRIGGER messages_moved AFTER UPDATE OF conversation_pk ON messages
    WHEN NEW.conversation_pk <> OLD.conversation_pk BEGIN
    UPDATE conversations SET pinned_message_id = NULL WHERE pk = OLD.conversation_pk AND pinned_message_id = OLD.id;
END;

-- Full-text indexes, contentless: they do not store the texts a second time. `scope` holds a term for what a search is
-- restricted to: a1 for the account 1, c2 for the conversation 2. Prefixes of one and two characters, which many words
-- share, have an index of their own. FTS5's automatic merges do much work at once, and the write that triggers one waits:
-- src/store/search.rs merges instead, sixteen segments at a time. Deleted entries go when their segment is merged.
--
-- The triggers only queue the rows whose index entries are out of date; they are indexed with others, a moment later.
-- Until then a search reads the texts of these few rows.
CREATE TABLE unindexed (
    kind TEXT    NOT NULL CHECK (kind IN ('contact', 'group', 'message')),
    pk   INTEGER NOT NULL,
    PRIMARY KEY (kind, pk)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE groups_fts USING fts5 (
    scope, name, description,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
INSERT INTO groups_fts (groups_fts, rank) VALUES ('automerge', 0), ('deletemerge', 50), ('usermerge', 16), ('crisismerge', 64);
CREATE TRIGGER groups_words_made AFTER INSERT ON groups BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('group', NEW.pk);
END;
CREATE TRIGGER groups_words_changed AFTER UPDATE OF name, description ON groups
    WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('group', NEW.pk);
END;
CREATE TRIGGER groups_words_deleted AFTER DELETE ON groups BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('group', OLD.pk);
END;

CREATE VIRTUAL TABLE contacts_fts USING fts5 (
    scope, username, display_name, phone_number,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('automerge', 0), ('deletemerge', 50), ('usermerge', 16), ('crisismerge', 64);
CREATE TRIGGER contacts_words_made AFTER INSERT ON contacts BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('contact', NEW.pk);
END;
CREATE TRIGGER contacts_words_changed AFTER UPDATE OF username, display_name, phone_number ON contacts
    WHEN NEW.username IS NOT OLD.username OR NEW.display_name IS NOT OLD.display_name OR NEW.phone_number IS NOT OLD.phone_number BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('contact', NEW.pk);
END;
CREATE TRIGGER contacts_words_deleted AFTER DELETE ON contacts BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('contact', OLD.pk);
END;

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    scope, message,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
INSERT INTO messages_fts (messages_fts, rank) VALUES ('automerge', 0), ('deletemerge', 50), ('usermerge', 16), ('crisismerge', 64);
CREATE TRIGGER messages_words_made AFTER INSERT ON messages BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('message', NEW.pk);
END;
CREATE TRIGGER messages_words_changed AFTER UPDATE OF message, conversation_pk ON messages
    WHEN NEW.message IS NOT OLD.message OR NEW.conversation_pk IS NOT OLD.conversation_pk BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('message', NEW.pk);
END;
CREATE TRIGGER messages_words_deleted AFTER DELETE ON messages BEGIN
    INSERT OR IGNORE INTO unindexed VALUES ('message', OLD.pk);
END;
