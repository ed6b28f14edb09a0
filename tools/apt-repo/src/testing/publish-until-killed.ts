import { publish } from '../publish';

/** `DEBS TREE KEYS STEP`: publish, and die without a word when STEP begins, as a process does that is killed. */
const [debs = '', tree = '', keys = '', step = ''] = process.argv.slice(2);
await publish(debs, {
  tree,
  keys,
  to: ['stable'],
  validDays: 30,
  keep: 3,
  replace: false,
  progress: async (said) => {
    if (!said.startsWith(step)) return;
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
});
