"""Signs a person on with Authlib, which nobody here wrote: discovery, authorization code with
PKCE, ID token, userinfo. The case comes as JSON in an environment variable; the result goes to
standard output as JSON."""

import json
import os

# The server under test speaks plain http on the loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Browser


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
        timeout=60,
    )
    verifier, nonce = generate_token(64), generate_token(24)
    start, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )

    browser = Browser(case["redirectUri"])
    landed = browser.sign_on(start, case["username"], case["password"])

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
