// Runs npm's `oidc-provider`, which nobody here wrote, as an identity provider for the server under
// test. The case comes as JSON in an environment variable; the first line of standard output says
// as JSON where it is. It ends with standard input.
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const test = JSON.parse(process.env.COUNTERSIGN_CLIENT_CASE);

const server = createServer();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: test.clientId,
      client_secret: test.clientSecret,
      token_endpoint_auth_method: test.tokenEndpointAuthMethod.toLowerCase(),
      redirect_uris: [test.redirectUri],
    },
  ],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['preferred_username', 'given_name'],
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@provider.example`,
      email_verified: true,
      preferred_username: id,
      given_name: 'Fay',
    }),
  }),
  cookies: { keys: ['a key for the cookies of one test'] },
  pkce: { required: () => true },
});
server.on('request', provider.callback());

console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
