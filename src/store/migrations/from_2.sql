-- From schema 2 to schema 3: less for a write to touch, and for a list to put together. Words are taken into their index
-- a moment after the write, a deleted group's members are cleared away later, indexes that others can stand in for are
-- gone, and contacts have their object ready. Never changed once released.

DROP TRIGGER contacts_deleted;
DROP TRIGGER messages_deleted;
DROP TRIGGER messages_moved;
DROP TRIGGER groups_fts_made;
DROP TRIGGER groups_fts_changed;
DROP TRIGGER groups_fts_deleted;
DROP TRIGGER contacts_fts_made;
DROP TRIGGER contacts_fts_changed;
DROP TRIGGER contacts_fts_deleted;
DROP TRIGGER messages_fts_made;
DROP TRIGGER messages_fts_changed;
DROP TRIGGER messages_fts_deleted;

DROP INDEX groups_all;

-- Without the reference to groups.
CREATE TABLE members_2 AS SELECT group_pk, position, contact_pk FROM members ORDER BY group_pk, position;
DROP TABLE members;
CREATE TABLE members (
    group_pk   INTEGER NOT NULL,
    position   INTEGER NOT NULL CHECK (position >= 0),
    contact_pk INTEGER NOT NULL,
    PRIMARY KEY (group_pk, position)
) STRICT, WITHOUT ROWID;
INSERT INTO members SELECT group_pk, position, contact_pk FROM members_2;
DROP TABLE members_2;
CREATE UNIQUE INDEX members_contact ON members (contact_pk, group_pk);

-- Conversations refer to contacts and would go with the table: they go first, and come back after it.
CREATE TABLE conversations_2 AS SELECT * FROM conversations ORDER BY pk;
DROP TABLE conversations;
CREATE TABLE contacts_2 AS SELECT * FROM contacts ORDER BY pk;
DROP TABLE contacts;
CREATE TABLE contacts (
    pk             INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account        INTEGER NOT NULL REFERENCES accounts (pk),
    username       TEXT    NOT NULL COLLATE NOCASE CHECK (length(username) BETWEEN 1 AND 64),
    phone_number   TEXT             CHECK (length(phone_number) <= 32),
    avatar_url     TEXT             CHECK (octet_length(avatar_url) <= 2048),
    display_name   TEXT             CHECK (length(display_name) <= 255),
    conversation_id TEXT            COLLATE NOCASE,
    last_active_at INTEGER          CHECK (last_active_at >= 0),
    created_at     INTEGER NOT NULL CHECK (created_at >= 0),
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
INSERT INTO contacts
    (pk, id, account, username, phone_number, avatar_url, display_name, conversation_id, last_active_at, created_at)
    SELECT pk, id, account, username, phone_number, avatar_url, display_name, conversation_id, last_active_at, created_at
    FROM contacts_2;
DROP TABLE contacts_2;
CREATE UNIQUE INDEX contacts_username ON contacts (account, username);
CREATE INDEX contacts_all ON contacts (account);

-- Unique where there is something to be unique.
CREATE TABLE conversations (
    pk         INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account    INTEGER NOT NULL REFERENCES accounts (pk),
    group_pk   INTEGER REFERENCES groups (pk) ON DELETE CASCADE,
    contact_pk INTEGER REFERENCES contacts (pk) ON DELETE CASCADE,
    created_at INTEGER NOT NULL CHECK (created_at >= 0),
    pinned_message_id TEXT COLLATE NOCASE,
    is_pinned  INTEGER NOT NULL DEFAULT 0 CHECK (is_pinned IN (0, 1)),
    is_muted   INTEGER NOT NULL DEFAULT 0 CHECK (is_muted IN (0, 1)),
    last_active_at INTEGER CHECK (last_active_at >= 0),
    last_opened_at INTEGER CHECK (last_opened_at >= 0),
    archived_at INTEGER CHECK (archived_at >= 0),
    CHECK ((group_pk IS NULL) <> (contact_pk IS NULL))
) STRICT;
INSERT INTO conversations
    SELECT pk, id, account, group_pk, contact_pk, created_at, pinned_message_id, is_pinned, is_muted, last_active_at,
           last_opened_at, archived_at
    FROM conversations_2;
DROP TABLE conversations_2;
CREATE UNIQUE INDEX conversations_group ON conversations (group_pk) WHERE group_pk IS NOT NULL;
CREATE UNIQUE INDEX conversations_contact ON conversations (contact_pk) WHERE contact_pk IS NOT NULL;
CREATE INDEX conversations_all ON conversations (account);
CREATE INDEX conversations_flags ON conversations (account, (archived_at IS NOT NULL), is_muted, is_pinned);

CREATE TABLE deleted_groups (pk INTEGER PRIMARY KEY) STRICT;
INSERT INTO groups_fts (groups_fts, rank) VALUES ('deletemerge', 50), ('usermerge', 16), ('crisismerge', 64);
INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('deletemerge', 50), ('usermerge', 16), ('crisismerge', 64);
INSERT INTO messages_fts (messages_fts, rank) VALUES ('deletemerge', 50), ('usermerge', 16), ('crisismerge', 64);
CREATE TABLE unindexed (
    kind TEXT    NOT NULL CHECK (kind IN ('contact', 'group', 'message')),
    pk   INTEGER NOT NULL,
    PRIMARY KEY (kind, pk)
) STRICT, WITHOUT ROWID;

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
