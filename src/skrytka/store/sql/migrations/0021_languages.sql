-- In which language owners are written to: of one account, of all accounts of a domain; without a row the server's.

CREATE TABLE account_language (
    account INTEGER NOT NULL PRIMARY KEY,
    language TEXT NOT NULL
) STRICT;

CREATE TABLE domain_language (
    domain INTEGER NOT NULL PRIMARY KEY,
    language TEXT NOT NULL
) STRICT;
