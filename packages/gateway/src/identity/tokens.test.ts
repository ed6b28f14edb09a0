import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Tokens } from './tokens';

it('knows a token by its name', () => {
  const sha256 = createHash('sha256').update('secret').digest('hex');
  const tokens = new Tokens([{ name: 'laptop', user: 1000, sha256 }]);
  const identity = { uid: 1000, pid: null, via: 'token', token: 'laptop' };
  expect(tokens.identify({ authorization: 'Bearer secret' })).toEqual(identity);
  expect(tokens.identify({ 'x-api-key': 'secret' })).toEqual(identity);
  expect(tokens.identify({ authorization: 'Bearer other' })).toBeNull();
  expect(tokens.identify({})).toBeNull();
});
