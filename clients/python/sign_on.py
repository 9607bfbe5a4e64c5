"""Signs a person on with Authlib, which nobody here wrote: discovery, authorization code with
PKCE, ID token, userinfo. The case comes as JSON in an environment variable; the result goes to
standard output as JSON."""

import html.parser
import json
import os
import urllib.parse

# The server under test speaks plain http on the loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet


class SignOnForm(html.parser.HTMLParser):
    """The first form of a page that has a password in it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.username = self.password = None
        self._open = self._done = False
        self.feed(page)
        if not self._done:
            raise SystemExit(f"no sign-on form in {page}")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if self._done:
            return
        if tag == "form":
            self._open, self.action, self.fields = True, attributes.get("action"), {}
        elif tag == "input" and self._open:
            kind, name = attributes.get("type", "text"), attributes.get("name")
            if kind == "hidden":
                self.fields[name] = attributes.get("value", "")
            elif kind == "password":
                self.password = name
            elif kind not in ("submit", "checkbox"):
                self.username = name

    def handle_endtag(self, tag):
        if tag == "form" and self._open:
            self._open, self._done = False, self.password is not None


def walk(browser, answer, end):
    """Follows redirects; stops where the client waits."""
    while answer.is_redirect:
        target = urllib.parse.urljoin(str(answer.url), answer.headers["location"])
        if target.startswith(end):
            return target, None
        answer = browser.get(target)
    return None, answer


def main():
    case = json.loads(os.environ["COUNTERSIGN_CLIENT_CASE"])
    discovery = httpx.get(f"{case['issuer']}/.well-known/openid-configuration")
    metadata = discovery.raise_for_status().json()
    assert metadata["issuer"] == case["issuer"], metadata["issuer"]
    method = {
        "NONE": "none",
        "CLIENT_SECRET_BASIC": "client_secret_basic",
        "CLIENT_SECRET_POST": "client_secret_post",
    }[case["tokenEndpointAuthMethod"]]
    client = OAuth2Client(
        client_id=case["clientId"],
        client_secret=case.get("clientSecret"),
        token_endpoint_auth_method=method,
        scope=case["scope"],
        redirect_uri=case["redirectUri"],
        code_challenge_method="S256",
    )
    verifier, nonce = generate_token(64), generate_token(24)
    start, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )

    end = case["redirectUri"]
    with httpx.Client(headers={"accept": "text/html"}) as browser:
        landed, page = walk(browser, browser.get(start), end)
        if landed is None:
            form = SignOnForm(page.text)
            fields = form.fields | {
                form.username: case["username"],
                form.password: case["password"],
            }
            action = urllib.parse.urljoin(str(page.url), form.action or "")
            landed, page = walk(browser, browser.post(action, data=fields), end)
        if landed is None:
            raise SystemExit(f"not signed on: {page.status_code} {page.url}\n{page.text}")

    token = client.fetch_token(
        metadata["token_endpoint"],
        authorization_response=landed,
        code_verifier=verifier,
        state=state,
    )
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"value": case["issuer"]}, "aud": {"value": case["clientId"]}},
        params={
            "nonce": nonce,
            "client_id": case["clientId"],
            "access_token": token["access_token"],
        },
    )
    claims.validate()
    userinfo = UserInfo(client.get(metadata["userinfo_endpoint"]).raise_for_status().json())
    assert userinfo["sub"] == claims["sub"], userinfo
    # As a resource server would.
    access = jwt.decode(token["access_token"], keys, algorithms=["RS256"]).claims
    assert access["iss"] == case["issuer"], access

    # The same code again has to be refused.
    try:
        client.fetch_token(
            metadata["token_endpoint"], authorization_response=landed, code_verifier=verifier
        )
        replay = "accepted"
    except OAuthError as error:
        replay = error.error
    print(
        json.dumps(
            {
                "claims": dict(claims),
                "userinfo": dict(userinfo),
                "access": dict(access),
                "scope": token["scope"],
                "replay": replay,
            }
        )
    )


main()
