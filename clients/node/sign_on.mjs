// Signs a person on with npm's `openid-client`, which nobody here wrote: discovery, authorization
// code with PKCE, ID token, access token, userinfo. The case comes as JSON in an environment
// variable; the result goes to standard output as JSON.
import { webcrypto } from 'node:crypto';

// Node 18 has both, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const oidc = await import('openid-client');
const jose = await import('jose');
const { Browser } = await import('./browser.mjs');

const test = JSON.parse(process.env.COUNTERSIGN_CLIENT_CASE);
const authentication = {
  NONE: () => oidc.None(),
  CLIENT_SECRET_BASIC: () => oidc.ClientSecretBasic(test.clientSecret),
  CLIENT_SECRET_POST: () => oidc.ClientSecretPost(test.clientSecret),
}[test.tokenEndpointAuthMethod]();

// The server under test speaks plain http on the loopback.
const discover = (algorithm) =>
  oidc.discovery(new URL(test.issuer), test.clientId, undefined, authentication, {
    algorithm,
    execute: [oidc.allowInsecureRequests],
  });
const config = await discover('oidc');
const rfc8414 = await discover('oauth2');
if (rfc8414.serverMetadata().token_endpoint !== config.serverMetadata().token_endpoint) {
  throw new Error('the two metadata documents disagree');
}
// Verify signatures too, not only what TLS does not already guarantee.
oidc.enableNonRepudiationChecks(config);

const verifier = oidc.randomPKCECodeVerifier();
const state = oidc.randomState();
const nonce = oidc.randomNonce();
const start = oidc.buildAuthorizationUrl(config, {
  redirect_uri: test.redirectUri,
  scope: test.scope,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
});

const browser = new Browser(test.redirectUri);
const landed = await browser.signOn(start, test.username, test.password);
const tokens = await oidc.authorizationCodeGrant(config, landed, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);

// As a resource server would.
const keys = jose.createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
const { payload: access } = await jose.jwtVerify(tokens.access_token, keys, {
  issuer: test.issuer,
});

// The same code again has to be refused.
let replay = 'accepted';
try {
  await oidc.authorizationCodeGrant(config, landed, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
} catch (error) {
  replay = error.error ?? String(error);
}

console.log(JSON.stringify({ claims, userinfo, access, scope: tokens.scope, replay }));
