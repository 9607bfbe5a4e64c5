"""What Authlib has beyond the plain code flow: hybrid and implicit responses, client assertions,
refresh, introspection, revocation, client credentials. The case comes as JSON in an environment
variable; the result goes to standard output as JSON."""

import json
import os
import urllib.parse

# The server under test speaks plain http on the loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oidc.core import CodeIDToken, HybridIDToken, ImplicitIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Browser


def main():
    case = json.loads(os.environ["COUNTERSIGN_CLIENT_CASE"])
    discovery = httpx.get(f"{case['issuer']}/.well-known/openid-configuration", timeout=60)
    metadata = discovery.raise_for_status().json()
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"], timeout=60).json())
    method = case["tokenEndpointAuthMethod"].lower()
    key = case["clientKey" if method == "private_key_jwt" else "clientSecret"]
    client = OAuth2Client(
        client_id=case["clientId"],
        client_secret=key,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope=case["scope"],
        redirect_uri=case["redirectUri"],
        timeout=60,
    )
    client.register_client_auth_method(ClientSecretJWT())
    client.register_client_auth_method(PrivateKeyJWT())
    browser = Browser(case["redirectUri"])

    def landed(response_type, nonce):
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], response_type=response_type, nonce=nonce
        )
        return browser.sign_on(url, case["username"], case["password"]), state

    def validated(kind, id_token, **params):
        decoded = jwt.decode(id_token, keys, algorithms=["RS256"])
        options = {"iss": {"value": case["issuer"]}, "aud": {"value": case["clientId"]}}
        params["client_id"] = case["clientId"]
        claims = kind(decoded.claims, decoded.header, options=options, params=params)
        claims.validate()
        return claims["sub"]

    learned = {}
    for response_type in ["id_token token", "code id_token", "code id_token token"]:
        nonce = generate_token(24)
        at, state = landed(response_type, nonce)
        answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(at).fragment))
        assert answer["state"] == state, answer
        kind = HybridIDToken if "code" in answer else ImplicitIDToken
        hashed = {name: answer[name] for name in ("code", "access_token") if name in answer}
        learned[response_type] = validated(kind, answer["id_token"], nonce=nonce, **hashed)
        if "access_token" in answer:
            assert client.token_from_fragment(at, state)["scope"] == case["scope"], answer

    token = client.fetch_token(
        metadata["token_endpoint"], grant_type="authorization_code", code=answer["code"]
    )
    learned["code"] = validated(
        CodeIDToken, token["id_token"], nonce=nonce, access_token=token["access_token"]
    )
    refreshed = client.refresh_token(
        metadata["token_endpoint"], refresh_token=token["refresh_token"]
    )
    learned["refreshed"] = validated(
        CodeIDToken, refreshed["id_token"], access_token=refreshed["access_token"]
    )
    known = client.introspect_token(
        metadata["introspection_endpoint"], token=refreshed["access_token"]
    ).json()
    learned["introspected"] = [known["active"], known["sub"], known["client_id"]]
    revoked = client.revoke_token(
        metadata["revocation_endpoint"], token=refreshed["refresh_token"]
    )
    revoked.raise_for_status()
    try:
        client.refresh_token(
            metadata["token_endpoint"], refresh_token=refreshed["refresh_token"]
        )
        learned["afterRevocation"] = "accepted"
    except OAuthError as error:
        learned["afterRevocation"] = error.error
    own = client.fetch_token(
        metadata["token_endpoint"], grant_type="client_credentials", scope=case["ownScope"]
    )
    learned["own"] = own["scope"]
    print(json.dumps(learned))


main()
