/** Makes a commander action of a function that gives an exit status. */
export type Runner = <A extends unknown[]>(
  action: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;
