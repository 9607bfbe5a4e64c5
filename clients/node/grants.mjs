// What npm's `oauth4webapi` has, by each way of client authentication: code (plain, pushed, as a
// request object, hybrid), refresh, introspection, revocation, userinfo, client credentials, the
// device grant, and a resource server's check of an access token. The library checks each answer
// against the specification it is of. The case comes as JSON in an environment variable; the result
// goes to standard output as JSON.
import { webcrypto } from 'node:crypto';

// Node 18 has both, but not as globals.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const oauth = await import('oauth4webapi');
const jose = await import('jose');
const { Browser } = await import('./browser.mjs');

const test = JSON.parse(process.env.COUNTERSIGN_CLIENT_CASE);
// The server under test speaks plain http on the loopback.
const http = { [oauth.allowInsecureRequests]: true };
const client = { client_id: test.clientId };
const key = test.clientKey && (await jose.importPKCS8(test.clientKey, 'RS256'));
const signing = { key, kid: 'client-key' };
const authentication = {
  NONE: () => oauth.None(),
  CLIENT_SECRET_BASIC: () => oauth.ClientSecretBasic(test.clientSecret),
  CLIENT_SECRET_POST: () => oauth.ClientSecretPost(test.clientSecret),
  CLIENT_SECRET_JWT: () => oauth.ClientSecretJwt(test.clientSecret),
  PRIVATE_KEY_JWT: () => oauth.PrivateKeyJwt(signing),
}[test.tokenEndpointAuthMethod]();

const issuer = new URL(test.issuer);
const found = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...http });
const as = await oauth.processDiscoveryResponse(issuer, found);
const learned = {};

/** Signs the person on: `way` is how the request gets there. The tokens, checked. */
async function signOn(way, responseType) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const parameters = new URLSearchParams({
    client_id: test.clientId,
    response_type: responseType,
    redirect_uri: test.redirectUri,
    scope: test.scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    max_age: '600',
  });
  const landed = await new Browser(test.redirectUri).signOn(
    await send(way, parameters),
    test.username,
    test.password,
  );
  const answer =
    responseType === 'code'
      ? oauth.validateAuthResponse(as, client, landed, state)
      : await oauth.validateCodeIdTokenResponse(as, client, landed, nonce, state, 600, http);
  const request = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    authentication,
    answer,
    test.redirectUri,
    verifier,
    http,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, request, {
    expectedNonce: nonce,
    maxAge: 600,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(as, request, http);
  return tokens;
}

/** The URL for the browser. */
async function send(way, parameters) {
  const url = new URL(as.authorization_endpoint);
  if (way === 'plain') {
    url.search = parameters;
    return url;
  }
  if (way === 'jar') {
    const request = await oauth.issueRequestObject(as, client, parameters, signing);
    const outside = { client_id: test.clientId, response_type: parameters.get('response_type') };
    url.search = new URLSearchParams({ ...outside, scope: 'openid', request });
    return url;
  }
  const pushed = await oauth.pushedAuthorizationRequest(
    as,
    client,
    authentication,
    parameters,
    http,
  );
  const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, pushed);
  url.search = new URLSearchParams({ client_id: test.clientId, request_uri });
  return url;
}

const subject = (tokens) => oauth.getValidatedIdTokenClaims(tokens).sub;
for (const way of ['plain', 'par', 'jar']) learned[way] = subject(await signOn(way, 'code'));
const tokens = await signOn('plain', 'code id_token');
learned.subject = subject(tokens);

const answered = await oauth.userInfoRequest(as, client, tokens.access_token, http);
const userinfo = await oauth.processUserInfoResponse(as, client, learned.subject, answered);
learned.userinfo = userinfo.preferred_username;

async function refresh(token) {
  const request = await oauth.refreshTokenGrantRequest(as, client, authentication, token, http);
  return oauth.processRefreshTokenResponse(as, client, request);
}

const refreshed = await refresh(tokens.refresh_token);
learned.refreshed = subject(refreshed);

async function introspect(token) {
  const request = await oauth.introspectionRequest(as, client, authentication, token, http);
  return oauth.processIntrospectionResponse(as, client, request);
}

// RFC 7662 wants the caller to authenticate: public clients cannot ask.
if (test.tokenEndpointAuthMethod !== 'NONE') {
  const access = await introspect(refreshed.access_token);
  learned.introspected = [access.active, access.sub, access.client_id];
}
async function revoke(token) {
  const request = await oauth.revocationRequest(as, client, authentication, token, http);
  await oauth.processRevocationResponse(request);
}

await revoke(refreshed.refresh_token);
learned.afterRevocation = await refresh(refreshed.refresh_token).then(
  () => 'accepted',
  (error) => error.error ?? String(error),
);

if (test.ownScope) {
  const request = await oauth.clientCredentialsGrantRequest(
    as,
    client,
    authentication,
    { scope: test.ownScope },
    http,
  );
  const own = await oauth.processClientCredentialsResponse(as, client, request);
  const { active, client_id, scope } = await introspect(own.access_token);
  learned.own = [active, client_id, scope];
}

// As a resource server would, by RFC 9068.
const call = new Request(test.audience, {
  headers: { authorization: `Bearer ${tokens.access_token}` },
});
const claims = await oauth.validateJwtAccessToken(as, call, test.audience, http);
learned.resourceServer = [claims.sub, claims.client_id];

const asking = await oauth.deviceAuthorizationRequest(
  as,
  client,
  authentication,
  { scope: test.scope },
  http,
);
const codes = await oauth.processDeviceAuthorizationResponse(as, client, asking);
await new Browser(test.redirectUri).connect(
  codes.verification_uri_complete,
  test.username,
  test.password,
);
const polling = await oauth.deviceCodeGrantRequest(
  as,
  client,
  authentication,
  codes.device_code,
  http,
);
learned.device = subject(await oauth.processDeviceCodeResponse(as, client, polling));

console.log(JSON.stringify(learned));
