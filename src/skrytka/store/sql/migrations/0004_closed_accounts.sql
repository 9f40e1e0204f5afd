-- Mail of a removed account is out of reach: no command changes it, so no message is said to be delivered to nobody.

ALTER TABLE mail_account ADD COLUMN is_closed INTEGER NOT NULL DEFAULT 0;
