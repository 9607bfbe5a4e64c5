"""Receives mail with aiosmtpd, which nobody here wrote. The case comes as JSON in an environment
variable: `certificate` and `key` (files), `implicitTls`, `username` and `password` (or none of
them). The first line on standard output says the port, each further one a mail that was taken, as
JSON. Addresses that begin with `unknown` are refused for good, those with `busy` for now. Ends with
its standard input."""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

case = json.loads(os.environ["COUNTERSIGN_CLIENT_CASE"])


def tell(thing):
    print(json.dumps(thing), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("busy"):
            return "451 4.2.1 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        tell({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "body": body,
            "tls": session.ssl is not None or bool(case.get("implicitTls")),
            "signedOn": session.authenticated is True,
        })
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    expected = (case["username"].encode(), case["password"].encode())
    given = (data.login, data.password)
    # Not handled: the refusal is said by the server.
    return AuthResult(success=given == expected, handled=False)


def protocol(context):
    needs_password = case.get("username") is not None
    starttls = context is not None and not case.get("implicitTls")
    return SMTP(
        Handler(),
        hostname="localhost",
        tls_context=context if starttls else None,
        require_starttls=starttls,
        auth_required=needs_password,
        auth_require_tls=False,
        authenticator=authenticate if needs_password else None,
    )


async def main():
    context = None
    if case.get("certificate"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(case["certificate"], case["key"])
    loop = asyncio.get_running_loop()
    outer = context if case.get("implicitTls") else None
    server = await loop.create_server(lambda: protocol(context), "127.0.0.1", 0, ssl=outer)
    tell({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
