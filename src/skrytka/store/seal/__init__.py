"""Everything that is sealed before it touches a disk: keys, blobs, records, the key ring and the recovery key."""
