import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

/** Whether whom the service runs for may read a file now, asked of the kernel. */
export async function mayRead(path: Buffer): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    // Whatever is the reason: what cannot be read is not shown.
    return false;
  }
}
