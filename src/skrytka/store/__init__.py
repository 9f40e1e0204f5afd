"""Layer 2: directory, mail stores, blobs, key ring, journal and event log."""
