-- The whole current schema of a groups-server file. A new file is made from this; an older one reaches the same schema
-- by the migrations in src/store/schema.rs, each in one transaction. PRAGMA application_id ("GRPS") and user_version
-- are set by the same code.
--
-- `pk` is internal: the order of creation, the cursor of every list and what rows refer to each other by. `id` is
-- public: 16 characters of [A-Za-z0-9], unique and looked up without regard to letter case (NOCASE is ASCII's).
-- Times are whole UNIX seconds. Lengths are bounded here a second time, after src/types/text.rs.

CREATE TABLE accounts (
    pk         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;

-- Only the SHA-256 of a token is kept. A revoked token stays listed.
CREATE TABLE tokens (
    pk          INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account     INTEGER NOT NULL REFERENCES accounts (pk),
    hash        BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    name        TEXT             CHECK (length(name) BETWEEN 1 AND 255),
    read_only   INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    -- Set from the environment at the start: at most one, replaced when the environment brings another.
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
    -- A copy of conversations.id, kept by the triggers below: a page of groups names many contacts.
    conversation_id TEXT            COLLATE NOCASE,
    last_active_at INTEGER          CHECK (last_active_at >= 0),
    created_at     INTEGER NOT NULL CHECK (created_at >= 0)
) STRICT;
CREATE UNIQUE INDEX contacts_username ON contacts (account, username);

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
-- One index for each filter of the list, each ending in the implicit pk, so that a page is a range of one of them.
CREATE INDEX groups_all ON groups (account);
CREATE INDEX groups_archived ON groups (account) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_active ON groups (account) WHERE archived_at IS NULL;

-- The members of a group in the order they were given: its own b-tree, so that a group's members lie together.
CREATE TABLE members (
    group_pk   INTEGER NOT NULL REFERENCES groups (pk) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position >= 0),
    contact_pk INTEGER NOT NULL REFERENCES contacts (pk) ON DELETE CASCADE,
    PRIMARY KEY (group_pk, position)
) STRICT, WITHOUT ROWID;
-- A contact is in a group once; also the way from a contact to its groups.
CREATE UNIQUE INDEX members_contact ON members (contact_pk, group_pk);

-- A conversation belongs to one group or to one contact, and each has one at most.
CREATE TABLE conversations (
    pk         INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE COLLATE NOCASE CHECK (length(id) = 16),
    account    INTEGER NOT NULL REFERENCES accounts (pk),
    group_pk   INTEGER UNIQUE REFERENCES groups (pk) ON DELETE CASCADE,
    contact_pk INTEGER UNIQUE REFERENCES contacts (pk) ON DELETE CASCADE,
    created_at INTEGER NOT NULL CHECK (created_at >= 0),
    CHECK ((group_pk IS NULL) <> (contact_pk IS NULL))
) STRICT;

-- The ends know their conversation's id, and whoever makes or deletes a conversation need not think of it.
CREATE TRIGGER conversations_made AFTER INSERT ON conversations BEGIN
    UPDATE groups SET conversation_id = NEW.id WHERE pk = NEW.group_pk;
    UPDATE contacts SET conversation_id = NEW.id WHERE pk = NEW.contact_pk;
END;
CREATE TRIGGER conversations_deleted AFTER DELETE ON conversations BEGIN
    UPDATE groups SET conversation_id = NULL WHERE pk = OLD.group_pk;
    UPDATE contacts SET conversation_id = NULL WHERE pk = OLD.contact_pk;
END;
