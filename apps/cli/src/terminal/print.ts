/** Print a value as JSON, or as text. @returns the exit status of success */
export function print(value: unknown, json: boolean, text: () => string): number {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text());
  return 0;
}
