"""Attacks on logins, and logins that are odd: what slows the first and tells of both.

``sightings`` counts over all fronts (in the supervisor), ``watching`` is the part of a front, ``homes`` where an
account logs in from, ``odd`` what is strange about a login that was right.
"""
