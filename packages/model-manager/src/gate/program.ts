/**
 * The program inside the sandbox (dist/gate.mjs): examines the file that is open as descriptor 3 and answers one line
 * of JSON. It opens nothing and trusts nothing; who reads the answer does not trust it either.
 */
import { fstatSync, writeSync } from 'node:fs';
import { fileSource } from './bytes';
import { examine } from './examine';
import { Refusal } from './refusal';

const fd = 3;

/** Size of the whole file where descriptor 3 is only its start. */
const declared = process.argv[2] === undefined ? null : Number(process.argv[2]);

function answer(): unknown {
  try {
    return { facts: examine(fileSource(fd, declared ?? fstatSync(fd).size)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refusal: { reason: error.reason, message: error.message, hint: error.hint } };
  }
}

const bytes = Buffer.from(`${JSON.stringify(answer())}\n`);
for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
