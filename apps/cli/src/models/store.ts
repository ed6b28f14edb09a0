import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { ApiFailure, ModelStoreClient } from '@nanite/contracts';
import { socketPath } from '@nanite/kit';
import { report } from '../report';
import { wrapped } from '../terminal/wrapped';

const path = (): string => socketPath('models');

/** Whether the model store is installed here and its socket is there. */
export const hasStore = (): boolean => existsSync(path());

export const store = (): ModelStoreClient => new ModelStoreClient(path());

/** What to say where the model store does not answer: which package it is in. */
export function absent(cause?: ApiFailure): ApiFailure {
  return new ApiFailure(
    503,
    'unreachable',
    hasStore() ? 'the model store does not answer' : 'this needs the model store, which is not installed',
    hasStore() ? 'see: systemctl status nanite-models.socket' : 'sudo apt install nanite-models',
    { cause },
  );
}

/** What to do about an error of the store that brings no hint of its own. */
function withHint(failure: ApiFailure): ApiFailure {
  // The gateway, which some of these commands ask as well, is told about elsewhere.
  if (failure.code === 'unreachable' && failure.message.endsWith(path())) return absent(failure);
  if (failure.code === 'not-authorised' || failure.code === 'no-access') {
    return new ApiFailure(
      failure.status,
      failure.code,
      'you are not allowed to change the models of this machine',
      `only root and members of the group nanite are: sudo adduser ${userInfo().username} nanite, then log out and back in`,
      { cause: failure },
    );
  }
  return failure;
}

/** Run a command that talks to the store; errors are told about, with what to do. */
export async function told(json: boolean, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    return report(error instanceof ApiFailure ? withHint(error) : error, json, wrapped);
  }
}
