-- Everything that a store holds. Stamps are microseconds since 1970; what a column means is told once, here.

-- Roots, collections, users, partners, tokens, grants and links as one text; its row is locked by whoever changes it.
CREATE TABLE directory (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    text     text NOT NULL
);

-- A collection; its row is locked by whoever writes into it, so that the order of stamps is the order of commits.
CREATE TABLE collection (
    number  integer PRIMARY KEY,
    id      uuid NOT NULL UNIQUE,
    last    bigint NOT NULL DEFAULT 0,      -- the last stamp that was given
    edition bigint NOT NULL DEFAULT 0,      -- grows with every write, deletions included: tells how far a replica is
    graves  boolean NOT NULL DEFAULT false  -- whether anything was deleted for good
);

-- Every version of every object. Each collection has a partition of its own, version_NUMBER, which goes with it.
CREATE TABLE version (
    collection integer NOT NULL,
    added      bigint NOT NULL,
    object     text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,   -- the type of the object
    instant    bytea NOT NULL,              -- `modified`, so written that octets sort as times do
    version    text NOT NULL,
    level      smallint NOT NULL,
    origin     uuid,
    revoked    boolean NOT NULL,
    holds      text[] COLLATE "C",
    over       bigint NOT NULL,             -- the last stamp among later versions of the object; 0 for its latest
    under      bigint NOT NULL,             -- the last stamp among its earlier versions; 0 for its first
    size       integer NOT NULL,            -- octets of the body
    body       bytea NOT NULL,
    -- The collection stands last, since statements name its partition: so each finds one index that begins with what it asks for.
    PRIMARY KEY (added, collection),
    UNIQUE (object, instant, collection)
) PARTITION BY LIST (collection);

-- The latest versions in their order: what nearly every reader asks for; and the same by type.
CREATE INDEX latest ON version (added) WHERE over = 0;
-- (An expression, so that no plan takes another index and passes over millions on the way to a type of which there are few.)
CREATE INDEX latest_of_kind ON version (kind, (added + 0)) WHERE over = 0;
-- Old versions that came after a newer one: the latest to readers that begin behind the newer one (T-079).
CREATE INDEX late ON version (added) WHERE over > 0 AND over < added;
-- What holds an object.
CREATE INDEX holders ON version USING gin (holds) WHERE holds IS NOT NULL;

-- Versions that were deleted for good.
CREATE TABLE grave (
    collection integer NOT NULL,
    object     text COLLATE "C" NOT NULL,
    instant    bytea NOT NULL,
    said       text NOT NULL,
    digest     bytea NOT NULL,              -- of the content
    PRIMARY KEY (collection, object, instant)
);

CREATE TABLE status (
    id      uuid PRIMARY KEY,
    expires bigint NOT NULL,
    text    text NOT NULL
);
CREATE INDEX status_expires ON status (expires);

CREATE TABLE paper (
    kind    smallint NOT NULL,
    id      uuid NOT NULL,
    owner   text NOT NULL,
    expires bigint NOT NULL,
    text    bytea NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX paper_expires ON paper (expires);

-- The audit log, and its last stamp; that row is locked last in a write, so that the log is read in the order of commits.
CREATE TABLE audit (
    at   bigint PRIMARY KEY,
    text text NOT NULL
);
CREATE TABLE audited (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    last     bigint NOT NULL
);
INSERT INTO audited (last) VALUES (0);

-- Who may do what only one server may do at a time.
CREATE TABLE lease (
    what  text PRIMARY KEY,
    who   uuid NOT NULL,
    until timestamptz NOT NULL
);
