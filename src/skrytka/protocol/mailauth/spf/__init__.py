"""SPF (RFC 7208): whether a host may send mail for a domain. ``check.py`` decides, ``identity.py`` says about whom."""
