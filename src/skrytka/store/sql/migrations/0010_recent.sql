-- \Recent of IMAP4rev1: up to this UID some session was told of the messages. Of what is there already nobody was told
-- that it is recent; it stays so.
ALTER TABLE mailbox ADD COLUMN recent_uid INTEGER NOT NULL DEFAULT 0;

UPDATE mailbox SET recent_uid = uidnext - 1;
