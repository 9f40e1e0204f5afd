-- The state at which a keyword's bit was given to another name than before; 0 for its first one.
ALTER TABLE keyword ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
