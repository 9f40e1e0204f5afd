"""SMTP (RFC 5321) and its extensions, sans I/O: bytes in, events out; replies in, bytes out.

:class:`~skrytka.protocol.smtp.server.SmtpServer` is the receiving side, ``client.SmtpClient`` the sending one. Their
order of commands are the tables of ``states`` and ``client_states``; the body decoders of ``body`` decide where a
message ends, and nothing else does.
"""
