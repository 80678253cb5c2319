// A real OAuth 2 server (oidc-provider) with one client that signs with its key.
// Configuration as JSON in the first argument: port, ttl, client_id, jwks, resource,
// scope, algorithm. It prints "ready" once it listens.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const given = JSON.parse(process.argv[2]);
const place = pathToFileURL(`${process.argv[3]}/node_modules/oidc-provider/lib/index.js`);
const { Provider } = await import(place);

const issuer = `http://127.0.0.1:${given.port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: given.client_id,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: given.algorithm,
    scope: given.scope,
    jwks: given.jwks,
  }],
  scopes: given.scope.split(' '),
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'] },
  ttl: { ClientCredentials: given.ttl },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => given.resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: given.scope,
        accessTokenTTL: given.ttl,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
createServer(provider.callback()).listen(given.port, '127.0.0.1', () => {
  console.log('ready');
});
