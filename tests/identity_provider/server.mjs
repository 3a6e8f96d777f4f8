// An identity provider for the tests: oidc-provider, which is certified, with what a test says it shall know.
//
// Each line on stdin is an order in JSON, and is answered by a line on stdout. The first one says what there is; the answer is the issuer.
// It listens on loopback, on a port that the system picks, and ends when stdin does, so that it never outlives its test.

import * as crypto from 'node:crypto';
import * as http from 'node:http';
import * as readline from 'node:readline';

import { Provider, errors } from 'oidc-provider';

// stdout is for answers.
console.info = console.warn = (...words) => console.error(...words);

const made = new Map();
let known; // what the first order said
let signing; // names of keys; the first one signs, all are published
let seconds; // how long access tokens hold
let provider;
let answer = (_request, response) => response.writeHead(503).end();
const server = http.createServer((request, response) => answer(request, response));

const issuer = () => `http://127.0.0.1:${server.port}`;

function keys(name) {
  if (!made.has(name)) {
    const pairs = {
      RS256: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
      ES256: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    };
    const publish = ([alg, pair]) => ({ ...pair.privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${name}-${alg}` });
    made.set(name, Object.entries(pairs).map(publish));
  }
  return made.get(name);
}

function findAccount(_context, name) {
  const claims = known.accounts[name];
  return claims && { accountId: name, claims: () => ({ sub: name, ...claims }) };
}

function configuration() {
  return {
    clients: known.clients,
    jwks: { keys: signing.flatMap(keys) },
    cookies: { keys: ['tests'] },
    findAccount,
    scopes: ['openid', 'offline_access', 'email'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'RS256'], dPoPSigningAlgValues: ['ES256'] },
    ttl: {
      AccessToken: () => seconds,
      ClientCredentials: () => seconds,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 3600,
      Session: 3600,
    },
    extraTokenClaims: (_context, token) => known.claims[token.accountId ?? token.clientId],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true }, // its own login and consent pages
      dPoP: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        // As behind a proxy that ends TLS.
        getCertificate: (context) => context.get('client-certificate') && decodeURIComponent(context.get('client-certificate')),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context, _client, several) => several ?? known.audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource, client) => {
          const alg = known.audiences[resource];
          if (!alg) throw new errors.InvalidTarget();
          return { audience: resource, scope: 'rows', accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
        },
      },
    },
  };
}

function begin() {
  provider = new Provider(issuer(), configuration());
  provider.on('server_error', (_context, error) => console.error(error));
  answer = provider.callback();
}

const listen = (port) =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.off('error', reject)));
  });

const orders = {
  // Clients, accounts, audiences with the algorithm of their tokens, what tokens tell of whom, and the first key.
  async know(order) {
    known = order;
    signing = ['first'];
    seconds = 600;
    await listen(0);
    server.port = server.address().port;
    begin();
    return { issuer: issuer() };
  },
  keys(names) {
    signing = names;
    begin();
  },
  seconds(number) {
    seconds = number;
  },
  async down() {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  },
  async up() {
    await listen(server.port);
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [[name, value]] = Object.entries(JSON.parse(line));
  const said = (await orders[name](value)) ?? {};
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit();
