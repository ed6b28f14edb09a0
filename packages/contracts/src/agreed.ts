import type { z } from 'zod';
import { ApiFailure } from './api-failure';

/**
 * What a service answered, in the shape that was agreed.
 *
 * @param service Debian package of the service, such as `nanite-rag`
 * @param who as a person knows who answered; default: the service
 * @throws ApiFailure `bad-answer`: most likely one of both packages was upgraded and the other was not
 */
export function agreed<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { service, path, who = service }: { service: string; path: string; who?: string },
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ApiFailure(
    502,
    'bad-answer',
    `${who} answered ${path} with something we do not know`,
    `${service} and the program that asked it are probably of different versions: sudo apt upgrade, then restart ${service}`,
    { cause: result.error },
  );
}
