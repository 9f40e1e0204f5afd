"""Mutual TLS between nodes: each shows a certificate of our own authority and believes no other.

The certificate goes from memory to OpenSSL over a file that has no name: its key is never on a disk.
"""

import os
import ssl

from skrytka.daemon.certificates import Issued
from skrytka.net.tls import new_server_context


def node_server(issued: Issued) -> ssl.SSLContext:
    """Who shows no certificate of the authority gets no further than the handshake."""
    return _mutual(new_server_context(), issued)


def node_client(issued: Issued) -> ssl.SSLContext:
    """The other end has to be the node that was called."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = True
    return _mutual(context, issued)


def _mutual(context: ssl.SSLContext, issued: Issued) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # both ends are ours
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=issued.authority.decode("ascii"))
    with os.fdopen(os.memfd_create("node", os.MFD_CLOEXEC), "wb", buffering=0) as file:
        file.write(issued.key + issued.certificate)
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context
