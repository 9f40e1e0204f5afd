"""Listeners that ask their clients for certificates (SASL EXTERNAL): each has a TLS of its own."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from skrytka.model.settings import Listeners, LoginListener
from skrytka.net.listener import Service
from skrytka.net.tls import CertificateFiles, TlsStore, asking_server_context

SERVICES: Final = ("imaps", "imap", "submission", "submissions")  # where EXTERNAL is


class ClientAuthorities:
    """Of one process. Which listeners ask holds from its start, certificates and authorities from the last reload."""

    def __init__(self, listeners: Listeners, root: Path, files: Sequence[CertificateFiles]) -> None:
        """PermanentError(BAD_CONFIG) for files that do not load."""
        self._tls: dict[str, TlsStore] = {}
        for name in SERVICES:
            listener: LoginListener = getattr(listeners, name)
            if listener.client_authority is not None and listener.is_enabled and files:
                make = partial(asking_server_context, root / listener.client_authority)
                self._tls[name] = TlsStore(files, make)

    def reload(self, files: Sequence[CertificateFiles]) -> None:
        """As :meth:`TlsStore.reload`."""
        for tls in self._tls.values():
            tls.reload(files)

    def applied(self, service: Service) -> Service:
        """The service with its own TLS, or as it is."""
        tls = self._tls.get(service.name)
        return service if tls is None else msgspec.structs.replace(service, tls=tls)
