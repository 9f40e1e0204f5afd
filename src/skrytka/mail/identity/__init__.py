"""Who somebody is and what he may do: passwords, logins, and the one answer to "may X do Y from Z"."""
