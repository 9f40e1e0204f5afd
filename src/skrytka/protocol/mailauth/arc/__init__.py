"""ARC (RFC 8617): what servers on the way say they have found, in a chain that shows who changed the message.

The RFC is on its way to Historic: a chain is verified and recorded, and heeded from listed sealers only.
"""
