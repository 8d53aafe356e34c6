-- From schema 1 (groups, and the contacts that they name) to schema 2: conversations with their flags, messages, words
-- to be found by, and rows that are cleared away later. Never changed once released.

CREATE INDEX contacts_all ON contacts (account);

-- Without the reference to contacts: a deleted contact's memberships are cleared away later.
CREATE TABLE members_2 (
    group_pk   INTEGER NOT NULL REFERENCES groups (pk) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position >= 0),
    contact_pk INTEGER NOT NULL,
    PRIMARY KEY (group_pk, position)
) STRICT, WITHOUT ROWID;
INSERT INTO members_2 SELECT group_pk, position, contact_pk FROM members ORDER BY group_pk, position;
DROP TABLE members;
ALTER TABLE members_2 RENAME TO members;
CREATE UNIQUE INDEX members_contact ON members (contact_pk, group_pk);

ALTER TABLE conversations ADD COLUMN pinned_message_id TEXT COLLATE NOCASE;
ALTER TABLE conversations ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0 CHECK (is_pinned IN (0, 1));
ALTER TABLE conversations ADD COLUMN is_muted INTEGER NOT NULL DEFAULT 0 CHECK (is_muted IN (0, 1));
ALTER TABLE conversations ADD COLUMN last_active_at INTEGER CHECK (last_active_at >= 0);
ALTER TABLE conversations ADD COLUMN last_opened_at INTEGER CHECK (last_opened_at >= 0);
ALTER TABLE conversations ADD COLUMN archived_at INTEGER CHECK (archived_at >= 0);
CREATE INDEX conversations_all ON conversations (account);
CREATE INDEX conversations_flags ON conversations (account, (archived_at IS NOT NULL), is_muted, is_pinned);

CREATE TABLE messages (
    pk              INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account         INTEGER NOT NULL REFERENCES accounts (pk),
    conversation_pk INTEGER NOT NULL,
    contact_pk      INTEGER,
    message         TEXT    NOT NULL CHECK (length(message) BETWEEN 1 AND 10000),
    reactions       TEXT    NOT NULL DEFAULT '[]' CHECK (json_type(reactions) = 'array'),
    read_at         INTEGER          CHECK (read_at >= 0),
    created_at      INTEGER NOT NULL CHECK (created_at >= 0),
    updated_at      INTEGER          CHECK (updated_at >= 0)
) STRICT;
CREATE INDEX messages_all ON messages (account, pk, conversation_pk);
CREATE INDEX messages_conversation ON messages (conversation_pk);
CREATE INDEX messages_contact ON messages (contact_pk) WHERE contact_pk IS NOT NULL;

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

CREATE TABLE deleted_conversations (pk INTEGER PRIMARY KEY) STRICT;
CREATE TABLE deleted_contacts (pk INTEGER PRIMARY KEY) STRICT;

DROP TRIGGER conversations_deleted;
CREATE TRIGGER conversations_deleted AFTER DELETE ON conversations BEGIN
    UPDATE groups SET conversation_id = NULL WHERE pk = OLD.group_pk;
    UPDATE contacts SET conversation_id = NULL WHERE pk = OLD.contact_pk;
    INSERT INTO deleted_conversations
        SELECT OLD.pk WHERE EXISTS (SELECT 1 FROM messages WHERE conversation_pk = OLD.pk);
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

CREATE VIRTUAL TABLE groups_fts USING fts5 (
    scope, name, description,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
INSERT INTO groups_fts (groups_fts, rank) VALUES ('automerge', 0), ('deletemerge', 0);
CREATE TRIGGER groups_fts_made AFTER INSERT ON groups BEGIN
    INSERT INTO groups_fts (rowid, scope, name, description)
        VALUES (NEW.pk, 'a' || NEW.account, NEW.name, NEW.description);
END;
CREATE TRIGGER groups_fts_changed AFTER UPDATE OF name, description ON groups BEGIN
    UPDATE groups_fts SET scope = 'a' || NEW.account, name = NEW.name, description = NEW.description
        WHERE rowid = NEW.pk;
END;
CREATE TRIGGER groups_fts_deleted AFTER DELETE ON groups BEGIN
    DELETE FROM groups_fts WHERE rowid = OLD.pk;
END;

CREATE VIRTUAL TABLE contacts_fts USING fts5 (
    scope, username, display_name, phone_number,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('automerge', 0), ('deletemerge', 0);
CREATE TRIGGER contacts_fts_made AFTER INSERT ON contacts BEGIN
    INSERT INTO contacts_fts (rowid, scope, username, display_name, phone_number)
        VALUES (NEW.pk, 'a' || NEW.account, NEW.username, NEW.display_name, NEW.phone_number);
END;
CREATE TRIGGER contacts_fts_changed AFTER UPDATE OF username, display_name, phone_number ON contacts BEGIN
    UPDATE contacts_fts SET scope = 'a' || NEW.account, username = NEW.username, display_name = NEW.display_name, phone_number = NEW.phone_number
        WHERE rowid = NEW.pk;
END;
CREATE TRIGGER contacts_fts_deleted AFTER DELETE ON contacts BEGIN
    DELETE FROM contacts_fts WHERE rowid = OLD.pk;
END;

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    scope, message,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
INSERT INTO messages_fts (messages_fts, rank) VALUES ('automerge', 0), ('deletemerge', 0);
CREATE TRIGGER messages_fts_made AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts (rowid, scope, message)
        VALUES (NEW.pk, 'a' || NEW.account || ' c' || NEW.conversation_pk, NEW.message);
END;
CREATE TRIGGER messages_fts_changed AFTER UPDATE OF message, conversation_pk ON messages BEGIN
    UPDATE messages_fts SET scope = 'a' || NEW.account || ' c' || NEW.conversation_pk, message = NEW.message
        WHERE rowid = NEW.pk;
END;
CREATE TRIGGER messages_fts_deleted AFTER DELETE ON messages BEGIN
    DELETE FROM messages_fts WHERE rowid = OLD.pk;
END;

INSERT INTO groups_fts (rowid, scope, name, description)
    SELECT pk, 'a' || account, name, description FROM groups ORDER BY pk;
INSERT INTO contacts_fts (rowid, scope, username, display_name, phone_number)
    SELECT pk, 'a' || account, username, display_name, phone_number FROM contacts ORDER BY pk;
