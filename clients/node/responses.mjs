// What npm's `openid-client` has beyond the plain code flow: ID tokens from the authorization
// endpoint (hybrid and implicit), pushed requests, signed request objects, client assertions,
// `iss` in responses, refresh, introspection, revocation, client credentials, the device grant,
// sign-off. The case comes as JSON in an environment variable; the result goes
// to standard output as JSON.
import { webcrypto } from 'node:crypto';

// Node 18 has both, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const oidc = await import('openid-client');
const jose = await import('jose');
const { Browser } = await import('./browser.mjs');

const test = JSON.parse(process.env.COUNTERSIGN_CLIENT_CASE);
const key = test.clientKey && (await jose.importPKCS8(test.clientKey, 'RS256'));
const authentication = {
  CLIENT_SECRET_BASIC: () => oidc.ClientSecretBasic(test.clientSecret),
  CLIENT_SECRET_POST: () => oidc.ClientSecretPost(test.clientSecret),
  CLIENT_SECRET_JWT: () => oidc.ClientSecretJwt(test.clientSecret),
  PRIVATE_KEY_JWT: () => oidc.PrivateKeyJwt({ key, kid: 'client-key' }),
}[test.tokenEndpointAuthMethod];

const discover = () =>
  oidc.discovery(new URL(test.issuer), test.clientId, undefined, authentication(), {
    execute: [oidc.allowInsecureRequests],
  });

const browser = new Browser(test.redirectUri);
const signOn = (url) => browser.signOn(url, test.username, test.password);
const learned = {};
let tokens;

async function parameters(verifier, state, nonce) {
  return {
    redirect_uri: test.redirectUri,
    scope: test.scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  };
}

// The ways to send a request, each ending in a code; the ID token beside it in the hybrid ones.
const ways = {
  plain: (config, query) => oidc.buildAuthorizationUrl(config, query),
  par: (config, query) => oidc.buildAuthorizationUrlWithPAR(config, query),
  jar: (config, query) =>
    oidc.buildAuthorizationUrlWithJAR(config, query, { key, kid: 'client-key' }),
};
for (const hybrid of [false, true]) {
  for (const [name, build] of Object.entries(ways)) {
    const config = await discover();
    if (hybrid) oidc.useCodeIdTokenResponseType(config);
    oidc.enableNonRepudiationChecks(config);
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const nonce = oidc.randomNonce();
    const landed = await signOn(await build(config, await parameters(verifier, state, nonce)));
    tokens = await oidc.authorizationCodeGrant(config, landed, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    learned[`${name}${hybrid ? ' hybrid' : ''}`] = tokens.claims().sub;
  }
}

const implicit = await discover();
oidc.useIdTokenResponseType(implicit);
const nonce = oidc.randomNonce();
const state = oidc.randomState();
const query = { redirect_uri: test.redirectUri, scope: 'openid', state, nonce };
const landed = await signOn(oidc.buildAuthorizationUrl(implicit, query));
const claims = await oidc.implicitAuthentication(implicit, landed, nonce, { expectedState: state });
learned.implicit = claims.sub;

const config = await discover();
const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
learned.refreshed = refreshed.claims().sub;
const introspected = await oidc.tokenIntrospection(config, refreshed.access_token);
learned.introspected = [introspected.active, introspected.sub, introspected.client_id];
await oidc.tokenRevocation(config, refreshed.refresh_token);
learned.afterRevocation = await oidc
  .refreshTokenGrant(config, refreshed.refresh_token)
  .then(() => 'accepted', ({ error }) => error);
const own = await oidc.clientCredentialsGrant(config, { scope: test.ownScope });
learned.own = own.scope;

const codes = await oidc.initiateDeviceAuthorization(config, { scope: test.scope });
await browser.connect(codes.verification_uri_complete, test.username, test.password);
const device = await oidc.pollDeviceAuthorizationGrant(config, codes);
learned.device = device.claims().sub;

const out = oidc.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: test.postLogoutRedirectUri,
  state: 'bye',
});
const answer = await fetch(out, { redirect: 'manual' });
learned.signedOff = answer.headers.get('location');

console.log(JSON.stringify(learned));
