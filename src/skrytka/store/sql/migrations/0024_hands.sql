-- Whose hand was on how an account is entered: who made it, gave it a role, or what opens it. Nobody approves himself
-- through an account that he has made, and who has renewed one of its locks does not renew the other alone.

CREATE TABLE hand (
    account INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, kind, actor)
) WITHOUT ROWID, STRICT;
